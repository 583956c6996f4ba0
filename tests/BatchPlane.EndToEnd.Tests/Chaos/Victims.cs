using BatchPlane.Cli.Dev;
using BatchPlane.EndToEnd.Tests.Stack;

namespace BatchPlane.EndToEnd.Tests.Chaos;

/// <summary>The processes of a stack that may be killed.</summary>
internal sealed class Victims(StackFixture stack)
{
    /// <summary>Kills one process of a kind without warning. False when there is none at this moment.</summary>
    public bool Kill(string kind, Random random)
    {
        var pids = kind switch
        {
            "server" => ProcessRecord.Read(Path.Combine(stack.Directory, "server.pid")) is { IsRunning: true } server ? [server.Pid] : [],
            "agent" => Recorded("agent.pid"),
            "keeper" => Recorded("keeper.pid"),
            "postgres" => Named("/postgres", " -D "),
            "rabbitmq" => Named("/beam.smp", "rabbit"),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of process."),
        };
        if (pids.Length == 0)
        {
            return false;
        }

        Posix.Signal(pids[random.Next(pids.Length)], Posix.SigKill);
        return true;
    }

    private int[] Recorded(string fileName) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(stack.Directory, "server", "nodes"), fileName, SearchOption.AllDirectories)
            .Select(ProcessRecord.Read).OfType<ProcessRecord>().Where(process => process.IsRunning).Select(process => process.Pid),
    ];

    private int[] Named(string program, string argument) =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => name!.All(char.IsAsciiDigit)).Select(int.Parse!)
            .Where(pid => CommandLine(pid) is var line
                && line.Contains(stack.Directory, StringComparison.Ordinal)
                && line.Split(' ')[0].EndsWith(program, StringComparison.Ordinal)
                && line.Contains(argument, StringComparison.Ordinal)),
    ];

    private static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }
}
