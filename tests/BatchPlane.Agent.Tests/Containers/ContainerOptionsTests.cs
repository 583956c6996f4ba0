using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Logging.Abstractions;

namespace BatchPlane.Agent.Tests.Containers;

public sealed class ContainerOptionsTests
{
    [Theory]
    [InlineData("--root 'a", "", 1, nameof(ContainerOptions.EngineArguments))]
    [InlineData("", "--label \"a", 1, nameof(ContainerOptions.RunArguments))]
    [InlineData("", "", -1, nameof(ContainerOptions.PidsLimit))]
    public void BadValue_KeepsTheAgentFromStarting(string engineArguments, string runArguments, int pids, string named)
    {
        var containers = new ContainerOptions { EngineArguments = engineArguments, RunArguments = runArguments, PidsLimit = pids };
        var options = AgentHarness.Options(new Uri("http://127.0.0.1:1"), "/nowhere", containers: containers);

        var refused = Assert.Throws<ValidationException>(() => new NodeAgent(options, NullLoggerFactory.Instance, TimeProvider.System));

        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EngineThatDoesNotWork_IsNoneAndTheAgentJoinsAllTheSame()
    {
        // A program that is there and is no engine.
        await using var agent = await AgentHarness.StartAsync(options: (url, directory) => AgentHarness.Options(url, directory, containers: new() { Engine = "/bin/false" }));

        await Eventually.ReachAsync(() => !agent.Server.Joins.IsEmpty, agent.Server.Describe);

        Assert.Null(agent.Server.Joins.First().ContainerEngine);
    }
}
