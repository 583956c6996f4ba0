using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Connections;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Environments;

/// <summary><c>batchplane nodes [ENV]</c>: the nodes of one environment, or of all.</summary>
internal static class NodesCommand
{
    internal static Command Create(ClientCommands client)
    {
        var environment = new Argument<string?>("ENV")
        {
            Description = "Id of the environment, env-…; all when left out.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var nodes = client.Create("nodes", "List nodes, or end some with the verb below.", [environment], call => ListAsync(call, environment));
        nodes.Add(CreateTerminate(client));
        return nodes;
    }

    private static Command CreateTerminate(ClientCommands client)
    {
        var environment = ChangeEnvironmentCommands.Environment();
        var nodes = new Argument<string[]>("NODE") { Description = "Ids of nodes, node-…; at most 100.", Arity = ArgumentArity.OneOrMore };
        return client.Create("terminate", "End nodes: they finish what they hold and leave. Fewer are wished for by those that the provider made.", [environment, nodes], async call =>
        {
            var request = new TerminateNodesRequest { ComputeNodeIds = call.Get(nodes) };
            var answer = await call.Api.PostAsync<TerminateNodesResponse>(EnvironmentRoutes.TerminateNodes(call.GetSegment(environment)), request, call.Cancellation);
            if (call.AsJson)
            {
                Json.Write(call.Context, answer.Json);
            }
            else
            {
                call.Context.Out.WriteLine($"end asked for; desired nodes: {Show.Number(answer.Value.DesiredComputeNodeCount)}");
            }

            return ExitCodes.Success;
        });
    }

    private static async Task<int> ListAsync(ClientCall call, Argument<string?> environment)
    {
        var nodes = call.Parsed.GetValue(environment) is { } one
            ? await NodesOfAsync(call, one)
            : await AllNodesAsync(call);
        if (call.AsJson)
        {
            Json.WriteAll(call.Context, nodes);
            return ExitCodes.Success;
        }

        var table = new Table("NODE", "ENVIRONMENT", "STATE", "CPU", "MEM GIB", "SLOTS", "EPOCH", "HOST", "AGENT", "REASON");
        foreach (var node in nodes.Select(answer => answer.Value))
        {
            table.Add(
                node.ComputeNodeId, node.EnvId, Show.Word(node.ComputeNodeState), Show.Number(node.Cpu), Show.Number(node.Mem),
                Show.Number(node.Slots), Show.Number(node.Epoch), node.HostName, node.AgentVersion, node.StateReason);
        }

        table.Write(call.Context);
        return ExitCodes.Success;
    }

    private static Task<IReadOnlyList<Answer<NodeView>>> NodesOfAsync(ClientCall call, string environment) =>
        call.Api.ListAsync<NodeView>(
            EnvironmentRoutes.Nodes(Uri.EscapeDataString(environment)), EnvironmentRoutes.MostListed, call.Cancellation);

    private static async Task<IReadOnlyList<Answer<NodeView>>> AllNodesAsync(ClientCall call)
    {
        var nodes = new List<Answer<NodeView>>();
        foreach (var environment in await call.Api.ListAsync<EnvironmentView>(
            EnvironmentRoutes.Environments, EnvironmentRoutes.MostListed, call.Cancellation))
        {
            nodes.AddRange(await NodesOfAsync(call, environment.Value.EnvId));
        }

        return nodes;
    }
}
