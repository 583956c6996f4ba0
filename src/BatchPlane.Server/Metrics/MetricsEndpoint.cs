using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Listeners;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Events;
using BatchPlane.Server.Listeners;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Metrics;

/// <summary><c>GET /metrics</c>: what this server measured, and what all nodes told, in Prometheus' text format. Takes an API key like the rest of the API.</summary>
internal static class MetricsEndpoint
{
    internal static void MapMetrics(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/metrics", HandleAsync).RequireAuthorization().ExcludeFromDescription();

    private static async Task<IResult> HandleAsync(MetricsCollector collector, DispatchLag lag, EnvironmentQueries environments, ListenerStore listeners, IOptions<MetricsOptions> options, IOptions<ListenersOptions> bounds, CancellationToken cancellationToken)
    {
        var text = new PrometheusText();
        collector.WriteTo(text);
        WriteDispatch(text, await lag.GetAsync(cancellationToken));
        WriteListeners(text, await listeners.ListAsync(null, options.Value.MaxSeries, bounds.Value.LagRows, cancellationToken));
        WriteNodes(text, await environments.ListAllNodesAsync(options.Value.MaxNodes, cancellationToken), await environments.CountNodesAsync(cancellationToken));
        return Results.Text(text.ToString(), PrometheusText.ContentType);
    }

    private static void WriteDispatch(PrometheusText text, DispatchView dispatch)
    {
        text.Family("batchplane_dispatch_pending_events", MetricKind.Gauge, "Events that wait for their delivery, by shard; a lower bound beyond Dispatch.LagRows rows");
        foreach (var shard in dispatch.Shards)
        {
            text.Sample("batchplane_dispatch_pending_events", [new("shard", PrometheusText.Number(shard.Shard))], shard.PendingEvents);
        }

        text.Family("batchplane_dispatch_behind_seconds", MetricKind.Gauge, "Seconds that the first of them waits, by shard");
        foreach (var shard in dispatch.Shards)
        {
            text.Sample("batchplane_dispatch_behind_seconds", [new("shard", PrometheusText.Number(shard.Shard))], shard.SecondsBehind);
        }

        text.Family("batchplane_dispatch_topic_pending_messages", MetricKind.Gauge, "Messages that wait, by topic; topics without any are left out");
        foreach (var topic in dispatch.Topics)
        {
            text.Sample("batchplane_dispatch_topic_pending_messages", [new("topic", topic.TopicName)], topic.PendingMessages);
        }

        text.Family("batchplane_dispatch_topic_behind_seconds", MetricKind.Gauge, "Seconds that the first message waits, by topic; topics without any are left out");
        foreach (var topic in dispatch.Topics)
        {
            text.Sample("batchplane_dispatch_topic_behind_seconds", [new("topic", topic.TopicName)], topic.SecondsBehind);
        }
    }

    private static void WriteListeners(PrometheusText text, IReadOnlyList<ListenerView> listeners)
    {
        void Each(string name, string help, Func<ListenerView, double> value)
        {
            text.Family(name, MetricKind.Gauge, help);
            foreach (var listener in listeners)
            {
                text.Sample(name, [new("listener", listener.ListenerName)], value(listener));
            }
        }

        Each("batchplane_listener_up", "1 when a server runs the listener and its last call did not fail", listener => listener.State == ListenerState.Running ? 1 : 0);
        text.Family("batchplane_listener_state", MetricKind.Gauge, "1 for the state that the listener is in, 0 for the others");
        foreach (var listener in listeners)
        {
            foreach (var state in Enum.GetValues<ListenerState>())
            {
                text.Sample("batchplane_listener_state", [new("listener", listener.ListenerName), new("state", WireName.Of(state))], listener.State == state ? 1 : 0);
            }
        }

        Each("batchplane_listener_failures", "Calls of the listener that failed since the last that did not", listener => listener.Failures);
        Each("batchplane_listener_pending_events", "Events of the journal behind the listener's place; a lower bound beyond Listeners.LagRows rows", listener => listener.PendingEvents);
        Each("batchplane_listener_behind_seconds", "Seconds that the first of them waits", listener => listener.SecondsBehind);
    }

    private static void WriteNodes(PrometheusText text, IReadOnlyList<NodeView> nodes, IReadOnlyList<KeyValuePair<string, int>> counts)
    {
        text.Family("batchplane_nodes", MetricKind.Gauge, "Nodes by state");
        foreach (var (state, count) in counts)
        {
            text.Sample("batchplane_nodes", [new("state", state)], count);
        }

        void Each(string name, string help, Func<NodeView, double?> value)
        {
            text.Family(name, MetricKind.Gauge, help);
            foreach (var node in nodes)
            {
                if (value(node) is { } known)
                {
                    text.Sample(name, [new("env", node.EnvId), new("node", node.ComputeNodeId)], known);
                }
            }
        }

        const double BytesPerMib = 1024 * 1024;
        Each("batchplane_node_up", "1 when the node is RUNNING", node => node.ComputeNodeState == NodeState.Running ? 1 : 0);
        Each("batchplane_node_cpus", "Processors that instances can be promised", node => node.Cpu);
        Each("batchplane_node_slots", "Instances it runs at once", node => node.Slots);
        Each("batchplane_node_busy_slots", "Slots taken by instances that run", node => node.BusySlots);
        Each("batchplane_node_load1", "Load average of the last minute", node => node.LoadAverage);
        Each("batchplane_node_memory_bytes", "Memory that instances can be promised", node => node.MemoryMib * BytesPerMib);
        Each("batchplane_node_memory_free_bytes", "Memory that is available", node => node.MemoryFreeMib * BytesPerMib);
        Each("batchplane_node_disk_bytes", "Size of the file system with the agent's directory", node => node.DiskTotalMib * BytesPerMib);
        Each("batchplane_node_disk_free_bytes", "Free space of the file system with the agent's directory", node => node.DiskFreeMib * BytesPerMib);
    }
}
