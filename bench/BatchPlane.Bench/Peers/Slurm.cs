using System.Diagnostics;
using System.Globalization;
using BatchPlane.Bench.Stack;
using BatchPlane.LocalServices;

namespace BatchPlane.Bench.Peers;

/// <summary>A private Slurm whose node is declared with more processors than there are.</summary>
internal sealed class Slurm : IAsyncDisposable
{
    internal const string ArrayName = "Slurm array";
    internal const string SubmitName = "sbatch";

    private const int DeclaredProcessors = 64;
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    private readonly LocalSlurm _slurm;
    private readonly string _directory;
    private readonly CancellationToken _cancellation;
    private int _arrays;

    private Slurm(LocalSlurm slurm, string directory, CancellationToken cancellation)
    {
        _slurm = slurm;
        _directory = directory;
        _cancellation = cancellation;
    }

    /// <summary>A running Slurm; null in a quick run on a machine that has none.</summary>
    /// <exception cref="BenchFailure">It is not installed, or does not start.</exception>
    internal static async Task<Slurm?> StartAsync(BenchContext context)
    {
        if (!LocalSlurm.IsInstalled && context.Quick)
        {
            return null;
        }

        BenchContext.Say("starting Slurm");
        var directory = Path.Combine(context.Directory, "slurm-" + Path.GetRandomFileName());
        try
        {
            return new(await LocalSlurm.StartAsync(directory, DeclaredProcessors, context.Cancellation), directory, context.Cancellation);
        }
        catch (LocalServiceException exception)
        {
            throw new BenchFailure(exception.Message);
        }
    }

    /// <summary>Array tasks a second of a program that ends at once, each with its output in a file, from the submit to the end of the last.</summary>
    internal async Task<double> ArrayRateAsync(string program, int count)
    {
        var outputs = In(string.Create(CultureInfo.InvariantCulture, $"array-{++_arrays}"));
        Directory.CreateDirectory(outputs);
        // The program as the interpreter of an empty script: no shell in between.
        var script = In("array.sh");
        await File.WriteAllTextAsync(script, $"#!{program}\n", _cancellation);
        var begin = Stopwatch.GetTimestamp();
        await RunAsync("sbatch", "--quiet", "--parsable", $"--array=0-{count - 1}", $"--output={outputs}/%a", $"--chdir={_directory}", script);
        while ((await RunAsync("squeue", "--noheader", "--states=PENDING,RUNNING,COMPLETING")).Length > 0)
        {
            await Task.Delay(LookAgain, _cancellation);
        }

        var rate = count / Stopwatch.GetElapsedTime(begin).TotalSeconds;
        BenchContext.Say(FormattableString.Invariant($"  {ArrayName}, {count} tasks: {rate:0.0} a second"));
        var written = Directory.EnumerateFiles(outputs).Count();
        return written == count ? rate : throw new BenchFailure($"Slurm ran {written} of {count} array tasks");
    }

    /// <summary>Jobs a second that several clients submit at the same time, each with one call of <c>sbatch</c> after the other. The jobs are held, so that none runs.</summary>
    internal async Task<double> SubmitRateAsync(int clients, int jobsOfEach)
    {
        const string Loop = """n=$1; while [ "$n" -gt 0 ]; do sbatch --quiet --hold --output=/dev/null "$2" || exit 1; n=$((n - 1)); done""";
        var script = In("submit.sh");
        await File.WriteAllTextAsync(script, "#!/bin/true\n", _cancellation);
        var begin = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ =>
            RunAsync("/bin/sh", "-c", Loop, "sh", jobsOfEach.ToString(CultureInfo.InvariantCulture), script)));
        var rate = clients * jobsOfEach / Stopwatch.GetElapsedTime(begin).TotalSeconds;
        BenchContext.Say(FormattableString.Invariant($"  {SubmitName}, {clients * jobsOfEach} jobs: {rate:0} a second"));
        return rate;
    }

    public async ValueTask DisposeAsync()
    {
        await _slurm.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private Task<string> RunAsync(string program, params string[] arguments) => Command.RunAsync(program, arguments, _slurm.Variables, _directory, _cancellation);

    private string In(string name) => Path.Combine(_directory, name);
}
