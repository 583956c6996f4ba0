using BatchPlane.Agent.Files;
using BatchPlane.Contracts;
using Microsoft.Extensions.Logging.Abstractions;

namespace BatchPlane.Agent.Tests;

/// <summary>A real agent with real processes in a directory of its own, against a <see cref="FakeServer"/>.</summary>
internal sealed class AgentHarness : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();

    private AgentHarness(FakeServer server, string directory, AgentOptions options)
    {
        Server = server;
        Directory = directory;
        Run = Task.Run(() => new NodeAgent(options, NullLoggerFactory.Instance, TimeProvider.System).RunAsync(_stop.Token));
    }

    /// <summary>The keeper of the real executable.</summary>
    internal static IReadOnlyList<string> KeeperCommand { get; } = [Path.Combine(AppContext.BaseDirectory, "batchplane"), "keeper"];

    internal FakeServer Server { get; }

    internal string Directory { get; }

    /// <summary>The agent's exit code.</summary>
    internal Task<int> Run { get; }

    internal static async Task<AgentHarness> StartAsync(
        int slots = 2, Func<Uri, string, AgentOptions>? options = null, Func<JoinResponse, JoinResponse>? terms = null, Action<FakeServer>? script = null)
    {
        var server = await FakeServer.StartAsync(terms);
        script?.Invoke(server);
        var directory = System.IO.Directory.CreateTempSubdirectory("batchplane-agent-").FullName;
        return new AgentHarness(server, directory, options?.Invoke(server.Url, directory) ?? Options(server.Url, directory, slots));
    }

    internal static AgentOptions Options(
        Uri url, string directory, int slots = 2, double prefill = 1, TimeSpan? drainTimeout = null, TimeSpan? outputInterval = null, TimeSpan? deliveryTimeout = null, int reportMaxAttempts = 1000, ContainerOptions? containers = null, TimeSpan? outputPatience = null, int outputsWaiting = 1_000, int prefillMax = AgentOptions.DefaultPrefillMax, LimitOptions? limits = null, StagingOptions? files = null, params string[] users) => new()
        {
            ServerUrl = url,
            JoinToken = FakeServer.JoinToken,
            Slots = slots,
            Directory = directory,
            KeeperCommand = KeeperCommand,
            PrefillFactor = prefill,
            DrainTimeout = drainTimeout ?? TimeSpan.FromSeconds(30),
            OutputInterval = outputInterval ?? TimeSpan.FromSeconds(2),
            DeliveryTimeout = deliveryTimeout ?? TimeSpan.FromSeconds(15),
            ReportMaxAttempts = reportMaxAttempts,
            Containers = containers ?? new() { Engine = ContainerOptions.NoEngine },
            Limits = limits ?? new() { Choice = LimitChoice.None },
            AllowedUsers = users,
            Files = files ?? new(),
            RetryPauseMax = TimeSpan.FromMilliseconds(300),
            KeptInterval = TimeSpan.FromMilliseconds(50),
            KeptMaxAsked = 2,
            OutputPatience = outputPatience ?? TimeSpan.FromMinutes(10),
            OutputsWaitingMax = outputsWaiting,
            PrefillMax = prefillMax,
        };

    internal static RunSpec Shell(string command, int timeoutSeconds = 0, bool keep = false, params EnvVarDocument[] variables) =>
        new() { Command = command, TimeoutSeconds = timeoutSeconds, KeepDirectoryOnFailure = keep, EnvVars = variables };

    internal static RunSpec Argv(params string[] argv) => new() { Argv = argv };

    /// <summary>As SIGTERM does.</summary>
    internal Task StopAsync() => _stop.CancelAsync();

    /// <summary>A file in the agent's directory, for commands to tell the test something by.</summary>
    internal string Mark(string name) => Path.Combine(Directory, name);

    internal Task MarkedAsync(string name) => Eventually.ReachAsync(() => File.Exists(Mark(name)) && new FileInfo(Mark(name)).Length > 0, Server.Describe);

    /// <summary>Waits until the process whose pid a command wrote to a mark is gone.</summary>
    internal async Task GoneAsync(string mark)
    {
        await MarkedAsync(mark);
        var pid = (await File.ReadAllTextAsync(Mark(mark))).Trim();
        await Eventually.ReachAsync(() => !IsAlive(pid), () => $"process {pid} is alive");
    }

    internal static bool IsAlive(string pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Fenced and asked to stop: the quickest way out that leaves no process behind.
        await _stop.CancelAsync();
        Server.Away = false;
        Server.Fence();
        await Run.WaitAsync(TimeSpan.FromSeconds(30));
        await Server.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
        _stop.Dispose();
    }
}
