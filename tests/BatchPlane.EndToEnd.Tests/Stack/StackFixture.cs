using System.Diagnostics;
using BatchPlane.Cli.Connections;
using BatchPlane.Cli.Dev;
using BatchPlane.EndToEnd.Tests.Cli;
using BatchPlane.Testing;

namespace BatchPlane.EndToEnd.Tests.Stack;

/// <summary>One stack, started as a user does: <c>batchplane dev</c>.</summary>
public sealed class StackFixture : IAsyncLifetime
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(90);

    private BatchPlaneProcess? _dev;

    /// <summary>Directory of the stack. Below a directory that the users postgres and rabbitmq can enter.</summary>
    public string Directory { get; } = Path.Combine(System.IO.Directory.CreateTempSubdirectory("batchplane-e2e-").FullName, "stack");

    /// <summary>Where the sample listener writes every event.</summary>
    internal string EventFile => Path.Combine(Path.GetDirectoryName(Directory)!, "events.jsonl");

    internal DevInfo Info { get; private set; } = null!;

    /// <summary>Process id of the server as it is now.</summary>
    internal int ServerPid => ProcessRecord.Read(Path.Combine(Directory, "server.pid"))!.Pid;

    /// <summary>What the stack said so far.</summary>
    internal string Output => _dev!.Output;

    public async Task InitializeAsync()
    {
        File.SetUnixFileMode(Path.GetDirectoryName(Directory)!, (UnixFileMode)0b111_101_101);
        PlugIns.Install(PlugIns.JsonLines, Path.Combine(Path.GetDirectoryName(Directory)!, "listeners"), "json-lines");
        var variables = new Dictionary<string, string>
        {
            ["BATCHPLANE_OPTIONS__LISTENERS__DIRECTORY"] = Path.Combine(Path.GetDirectoryName(Directory)!, "listeners"),
            ["BATCHPLANE_OPTIONS__LISTENERS__LEASEDURATION"] = "00:00:02",
            ["BATCHPLANE_OPTIONS__LISTENERS__BATCHEVENTS"] = "50",
            ["BATCHPLANE_OPTIONS__EMAIL__HOST"] = "127.0.0.1",
            ["BATCHPLANE_LISTENERS__JSON_LINES__PATH"] = EventFile,
        };
        _dev = BatchPlaneProcess.StartWith(variables, Path.GetDirectoryName(Directory)!, "dev", "--data", Directory, "--http", "0", "--tencent", "0", "--nodes", "2", "--slots", "8");
        await Eventually.TrueAsync(() => _dev.HasEnded || DevInfo.Read(Directory) is not null, StartLimit, () => _dev.Output);
        Info = DevInfo.Read(Directory) ?? throw new InvalidOperationException(_dev.Output);
    }

    public async Task DisposeAsync()
    {
        _dev!.Terminate();
        var exitCode = await _dev.ExitCodeAsync(StopLimit);
        _dev.Dispose();
        Assert.Equal(0, exitCode);
        Assert.Empty(Leftovers(Directory));
        System.IO.Directory.Delete(Path.GetDirectoryName(Directory)!, recursive: true);
    }

    /// <summary>Runs a client verb against the stack, in this process.</summary>
    internal Task<CliRun> RunAsync(params string[] args) => RunWithInputAsync(null, args);

    internal Task<CliRun> RunWithInputAsync(string? input, params string[] args) =>
        CliRun.Of(new Dictionary<string, string>(), Directory, input, [.. args, "--dev-dir", Directory]);

    /// <summary>Command lines of processes that name a directory.</summary>
    internal static IReadOnlyList<string> Leftovers(string directory) =>
    [
        .. Process.GetProcesses().Where(process => process.Id != Environment.ProcessId).Select(CommandLine).Where(line => line.Contains(directory, StringComparison.Ordinal)),
    ];

    private static string CommandLine(Process process)
    {
        using (process)
        {
            try
            {
                return File.ReadAllText($"/proc/{process.Id}/cmdline").Replace('\0', ' ');
            }
            catch (IOException)
            {
                return "";
            }
        }
    }
}
