using System.CommandLine;
using System.Globalization;
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
        return client.Create("nodes", "List nodes.", [environment], async call =>
        {
            var nodes = call.Parsed.GetValue(environment) is { } one
                ? await NodesOfAsync(call, one)
                : await AllNodesAsync(call);
            if (call.AsJson)
            {
                Json.WriteAll(call.Context, nodes);
                return ExitCodes.Success;
            }

            var table = new Table("NODE", "ENVIRONMENT", "STATE", "CPU", "MEM GIB", "SLOTS", "BUSY", "LOAD", "FREE MIB", "DISK FREE MIB", "EPOCH", "HOST", "AGENT", "REASON");
            foreach (var node in nodes.Select(answer => answer.Value))
            {
                table.Add(
                    node.ComputeNodeId, node.EnvId, Show.Word(node.ComputeNodeState), Show.Number(node.Cpu), Show.Number(node.Mem),
                    Show.Number(node.Slots), Show.Number(node.BusySlots), node.LoadAverage?.ToString("0.00", CultureInfo.InvariantCulture),
                    node.MemoryFreeMib is { } memory ? Show.Number(memory) : null, node.DiskFreeMib is { } disk ? Show.Number(disk) : null, Show.Number(node.Epoch), node.HostName, node.AgentVersion, node.StateReason);
            }

            table.Write(call.Context);
            return ExitCodes.Success;
        });
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
