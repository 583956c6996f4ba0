using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using BatchPlane.Cli.Dev;
using BatchPlane.Core.Access;
using BatchPlane.EndToEnd.Tests.Cli;
using BatchPlane.EndToEnd.Tests.Stack;
using BatchPlane.Server;
using BatchPlane.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;

namespace BatchPlane.EndToEnd.Tests.Containers;

/// <summary>A server, and one agent as a process of its own whose engine is a podman with storage of its own.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync of IAsyncLifetime.")]
public sealed class ContainerStack : IAsyncLifetime
{
    private const string Token = "containers";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly string _directory = Directory.CreateTempSubdirectory("batchplane-boxes-").FullName;
    private readonly BootstrapKey _key = new(AccessSecrets.NewBearerKey(), AccessSecrets.NewSecretId(), AccessSecrets.NewSecretKey());
    private TestDatabase _database = null!;
    private TestVirtualHost _virtualHost = null!;
    private WebApplication _server = null!;
    private BatchPlaneProcess _agent = null!;

    internal PodmanSandbox Podman { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Podman = await PodmanSandbox.CreateAsync();
        _database = await TestServices.CreateDatabaseAsync();
        _virtualHost = await TestServices.CreateVirtualHostAsync();
        _server = ServerHost.Build(new()
        {
            Postgres = _database.ConnectionString,
            RabbitMq = _virtualHost.AmqpUri,
            Urls = ["http://127.0.0.1:0"],
            DataDirectory = Path.Combine(_directory, "server"),
            BootstrapKey = _key,
            JoinToken = Token,
            DefaultEnvironment = "local",
            DefaultEnvironmentNodes = 0,
            Options = new ConfigurationBuilder().AddInMemoryCollection(
            [
                KeyValuePair.Create("Nodes:LeaseSeconds", (string?)"30"),
                KeyValuePair.Create("Nodes:HeartbeatSeconds", (string?)"1"),
                KeyValuePair.Create("Nodes:MonitorSeconds", (string?)"0.2"),
            ]).Build(),
        });
        await _server.StartAsync();
        _agent = StartAgent();
    }

    public async Task DisposeAsync()
    {
        _agent.Terminate();
        await _agent.ExitCodeAsync(Limit);
        _agent.Dispose();
        await _server.DisposeAsync();
        await _virtualHost.DisposeAsync();
        await _database.DisposeAsync();
        Podman.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Runs a client verb in this process.</summary>
    internal Task<CliRun> RunAsync(string? input, params string[] args) => CliRun.Of(
        new Dictionary<string, string> { ["BATCHPLANE_SERVER"] = _server.Urls.Single(), ["BATCHPLANE_API_KEY"] = _key.BearerKey }, _directory, input, args);

    /// <summary>Kills the agent as the kernel would, without a word to anybody.</summary>
    internal async Task KillAgentAsync()
    {
        Posix.Signal(_agent.Pid, Posix.SigKill);
        await _agent.ExitCodeAsync(Limit);
        _agent.Dispose();
    }

    /// <summary>Kills the agent's keeper likewise.</summary>
    internal void KillKeeper()
    {
        var keeper = Assert.Single(Directory.EnumerateDirectories("/proc"), process =>
            char.IsAsciiDigit(Path.GetFileName(process)[0])
            && CommandLine(process) is var line && line.Contains("\0keeper\0", StringComparison.Ordinal) && line.Contains(Path.Combine(_directory, "agent"), StringComparison.Ordinal));
        Posix.Signal(int.Parse(Path.GetFileName(keeper), CultureInfo.InvariantCulture), Posix.SigKill);
    }

    /// <summary>Starts it again in the same directory.</summary>
    internal void RestartAgent() => _agent = StartAgent();

    /// <summary>Makes the file <c>go</c> in the working directory of the job's first attempt.</summary>
    internal void Go(string job) => File.Create(Path.Combine(Assert.Single(Directory.GetDirectories(Path.Combine(_directory, "agent", "attempts", job))), "go")).Dispose();

    internal Task EventuallyAsync(Func<bool> condition, string what) => Eventually.TrueAsync(condition, Limit, () => $"{what}\n{_agent.Output}");

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }

    private BatchPlaneProcess StartAgent() => BatchPlaneProcess.Start(
        _directory,
        "agent",
        "--server", _server.Urls.Single(),
        "--token", Token,
        "--slots", "4",
        "--dir", Path.Combine(_directory, "agent"),
        "--container-engine", "podman",
        $"--container-engine-args={Podman.EngineArguments}",
        $"--container-run-args={PodmanSandbox.RunArguments}");
}
