using System.Diagnostics.CodeAnalysis;
using System.Text;
using BatchPlane.Contracts;
using BatchPlane.Testing;

namespace BatchPlane.Agent.Tests.Containers;

/// <summary>A real podman with storage of its own, for agents that the tests start.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync of IAsyncLifetime.")]
public sealed class ContainerNode : IAsyncLifetime
{
    internal PodmanSandbox Podman { get; private set; } = null!;

    public async Task InitializeAsync() => Podman = await PodmanSandbox.CreateAsync();

    public Task DisposeAsync()
    {
        Podman.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>An agent that runs containers.</summary>
    internal Task<AgentHarness> StartAsync(int slots = 2, Func<ContainerOptions, ContainerOptions>? change = null, Func<JoinResponse, JoinResponse>? terms = null)
    {
        var containers = Options();
        containers = change?.Invoke(containers) ?? containers;
        return AgentHarness.StartAsync(options: (url, directory) => AgentHarness.Options(url, directory, slots, outputInterval: TimeSpan.FromMinutes(1), containers: containers), terms: terms);
    }

    internal ContainerOptions Options(IReadOnlyList<string>? allowed = null, string? runArguments = null) => new()
    {
        Engine = "podman",
        EngineArguments = Podman.EngineArguments,
        RunArguments = runArguments ?? PodmanSandbox.RunArguments,
        Allowed = allowed ?? [],
    };

    internal static RunSpec Shell(string command, string? options = null, string image = PodmanSandbox.Image, int timeoutSeconds = 0, params EnvVarDocument[] variables) => new()
    {
        Command = command,
        TimeoutSeconds = timeoutSeconds,
        EnvVars = variables,
        Docker = new() { Image = image, DockerRunOption = options },
    };

    internal static string Text(string? output) => Encoding.UTF8.GetString(Convert.FromBase64String(output ?? ""));
}
