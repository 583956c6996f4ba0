using System.Globalization;
using System.Runtime.InteropServices;
using BatchPlane.Bench;
using BatchPlane.Bench.Benches;
using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Soak;
using BatchPlane.LocalServices;

// BatchPlane.Bench NAME...|all [--quick] [--batchplane PROGRAM] [--results FILE]; without a name it lists them.
// BatchPlane.Bench soak [INSTANCES] [--batchplane PROGRAM]
const int Million = 1_000_000;
IBench[] benches =
[
    new Instances(), new Processes(), new SubmitArray(), new SubmitJobs(), new Depth(), new HeldSnapshot(), new Memory(), new Logs(), new Nodes(), new Wal(), new TwoServers(),
    new Dispatch(), new EventLatency(), new FanOut(), new BrokerDown(), new Webhooks(),
    new Tencent(),
];
if (args is [] or [['-', ..], ..])
{
    foreach (var bench in benches)
    {
        Console.Error.WriteLine($"{bench.Name,-14} {bench.Summary}");
    }

    return 2;
}

var isSoak = args[0] == "soak";
var instances = Million;
if (isSoak && args is [_, [not '-', ..] count, ..] && !(int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out instances) && instances >= 4))
{
    Console.Error.WriteLine($"The number of instances must be at least 4, not {count}.");
    return 2;
}

string[] names = [.. args.TakeWhile(arg => !arg.StartsWith('-'))];
var chosen = names is ["all"] ? benches : Array.FindAll(benches, bench => names.Contains(bench.Name));
if (!isSoak && names is not ["all"] && Array.Find(names, name => !Array.Exists(benches, bench => bench.Name == name)) is { } unknown)
{
    Console.Error.WriteLine($"There is no benchmark {unknown}. There are: {string.Join(", ", benches.Select(bench => bench.Name))}, all.");
    return 2;
}

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

// Outside of the sources: the accounts of PostgreSQL and RabbitMQ have to reach it.
var directory = Directory.CreateTempSubdirectory("batchplane-bench-").FullName;
File.SetUnixFileMode(directory, (UnixFileMode)0b111_101_101);
try
{
    await using var context = new BenchContext
    {
        Executable = Path.GetFullPath(Value("--batchplane") ?? Path.Combine(AppContext.BaseDirectory, "batchplane")),
        PeersDirectory = Path.Combine(AppContext.BaseDirectory, "peers"),
        Directory = directory,
        Quick = args.Contains("--quick"),
        Cancellation = stop.Token,
    };
    return isSoak
        ? await MillionSoak.RunAsync(context, instances) ? 0 : 1
        : await BenchAsync(context);
}
catch (Exception exception) when (exception is BenchFailure or LocalServiceException or OperationCanceledException)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}
catch (Exception exception)
{
    // Caught so that everything that was started is stopped first.
    Console.Error.WriteLine(exception);
    return 1;
}
finally
{
    Directory.Delete(directory, recursive: true);
}

async Task<int> BenchAsync(BenchContext context)
{
    var machine = Machine.Describe(context.PeersDirectory).ToArray();
    foreach (var bench in chosen)
    {
        BenchContext.Say($"{bench.Name}: {bench.Summary}");
        await bench.RunAsync(context);
    }

    if (Value("--results") is { } results)
    {
        await File.WriteAllTextAsync(results, Results.Write(machine, chosen, context.Figures, context.Runs), CancellationToken.None);
    }

    return 0;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

string? Value(string option) => Array.IndexOf(args, option) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;
