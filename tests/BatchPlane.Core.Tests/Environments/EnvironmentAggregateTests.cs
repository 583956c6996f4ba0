using BatchPlane.Contracts;
using BatchPlane.Core.Environments;

namespace BatchPlane.Core.Tests.Environments;

public sealed class EnvironmentAggregateTests
{
    private static readonly DateTimeOffset Now = new(2025, 10, 9, 8, 53, 20, TimeSpan.Zero);
    private static readonly MachineFacts Facts = new("host", 2, 4, 2);

    [Fact]
    public void AttachedNodeGivenUp_DoesNotKeepItsEnvironmentFromEnding()
    {
        var environment = Opened(NodeProvider.Attached);
        var node = environment.Attach("node-00000001", "ins-00000001", Facts);
        environment.Join(node, Facts, "1.0", TimeSpan.FromSeconds(20));
        environment.Lose(node, "no sign of life");

        environment.RequestDelete("user:test");

        Assert.Equal((NodeState.Deleted, EnvironmentState.Deleted), (node.State, environment.Environment.State));
    }

    [Fact]
    public void LocalNodeGivenUp_StaysUntilItsProviderEndedItsAgent()
    {
        var environment = Opened(NodeProvider.Local);
        var node = environment.AddNode("node-00000001", "ins-00000001", "host-00000001");
        environment.Started(node, Facts, failure: null);
        environment.Join(node, Facts, "1.0", TimeSpan.FromSeconds(20));
        environment.Lose(node, "no sign of life");

        environment.RequestDelete("user:test");

        Assert.Equal((NodeState.Deleting, EnvironmentState.Deleting), (node.State, environment.Environment.State));
    }

    private static EnvironmentAggregate Opened(NodeProvider provider)
    {
        var environment = new EnvironmentAggregate(new() { EnvId = "env-00000001", EnvName = "grid", Provider = provider, DesiredNodeCount = 1 }, [], Now);
        environment.Open("user:test");
        return environment;
    }
}
