using System.Diagnostics;
using System.Globalization;

namespace BatchPlane.Agent.Tests;

/// <summary>A real agent as a process of its own, which can be killed and started again in the same directory, against a <see cref="FakeServer"/>.</summary>
internal sealed class AgentUnderTest : IAsyncDisposable
{
    private const int SigKill = 9;

    private readonly List<string> _arguments;
    private Process _process;
    private bool _isDead;

    private AgentUnderTest(FakeServer server, string directory, int slots, IReadOnlyList<string> arguments)
    {
        Server = server;
        Directory = directory;
        _arguments = ["agent", "--server", server.Url.ToString(), "--dir", WorkRoot, "--slots", slots.ToString(CultureInfo.InvariantCulture), "--token", FakeServer.JoinToken, .. arguments];
        _process = Launch();
    }

    internal FakeServer Server { get; }

    /// <summary>For marks; the agent's own directory is in it.</summary>
    internal string Directory { get; }

    internal string WorkRoot => Path.Combine(Directory, "work");

    /// <summary>The keeper of the directory.</summary>
    internal int KeeperPid { get; private set; }

    internal static async Task<AgentUnderTest> StartAsync(int slots = 2, Func<BatchPlane.Contracts.JoinResponse, BatchPlane.Contracts.JoinResponse>? terms = null, params string[] arguments)
    {
        var agent = new AgentUnderTest(await FakeServer.StartAsync(terms), System.IO.Directory.CreateTempSubdirectory("batchplane-agent-").FullName, slots, arguments.Length > 0 ? arguments : ["--limits", "none"]);
        await Eventually.ReachAsync(() => !agent.Server.Heartbeats.IsEmpty, agent.Describe);
        agent.KeeperPid = agent.FindKeeper() ?? throw new InvalidOperationException("no keeper");
        return agent;
    }

    /// <summary><c>kill -9</c>, of the agent alone.</summary>
    internal async Task KillAsync()
    {
        await ExitedAsync(() => Send(_process.Id, SigKill));
        _isDead = true;
    }

    /// <summary>Starts it again and waits until the server has heard it.</summary>
    internal async Task StartAgainAsync()
    {
        var heard = Server.Heartbeats.Count;
        _process = Launch();
        await Eventually.ReachAsync(() => Server.Heartbeats.Count > heard, Describe);
    }

    internal void StartAgainUnheard() => _process = Launch();

    internal static void Send(int pid, int signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", pid.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    internal void Signal(int signal) => Send(_process.Id, signal);

    internal async Task<int> ExitCodeAsync()
    {
        await Eventually.ReachAsync(() => _process.HasExited, Describe);
        return _process.ExitCode;
    }

    internal string Mark(string name) => Path.Combine(Directory, name);

    internal string Read(string name) => File.ReadAllText(Mark(name)).Trim();

    internal Task MarkedAsync(string name) => Eventually.ReachAsync(() => File.Exists(Mark(name)) && new FileInfo(Mark(name)).Length > 0, Describe);

    internal Task GoneAsync(string pid) => Eventually.ReachAsync(() => !AgentHarness.IsAlive(pid), () => $"process {pid} is alive; {Describe()}");

    public async ValueTask DisposeAsync()
    {
        if (!_isDead && !_process.HasExited)
        {
            await KillAsync();
        }

        if (FindKeeper() is { } keeper)
        {
            // Without an agent it ends on SIGTERM, and all it runs with it.
            Send(keeper, 15);
            await GoneAsync(keeper.ToString(CultureInfo.InvariantCulture));
        }

        await Server.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private Process Launch()
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "batchplane"), _arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        _isDead = false;
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Log += line.Data + "\n";
        process.ErrorDataReceived += (_, line) => Log += line.Data + "\n";
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>What its processes said.</summary>
    internal string Log { get; private set; } = "";

    private string Describe() => $"{Server.Describe()}\n{Log}";

    private async Task ExitedAsync(Action end)
    {
        end();
        await Eventually.ReachAsync(() => _process.HasExited, Describe);
    }

    private int? FindKeeper()
    {
        foreach (var directory in System.IO.Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            try
            {
                var words = File.ReadAllText(Path.Combine(directory, "cmdline")).Split('\0');
                if (words.Contains("keeper") && words.Contains(WorkRoot))
                {
                    return int.Parse(Path.GetFileName(directory), CultureInfo.InvariantCulture);
                }
            }
            catch (IOException)
            {
                // It has ended.
            }
        }

        return null;
    }
}
