using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Redelivery;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Dispatch.Bus;
using Microsoft.Extensions.Options;
using Npgsql;

namespace BatchPlane.Server.Dispatch;

/// <summary>What every shard of the dispatcher works with.</summary>
internal sealed class DispatchServices(
    NpgsqlDataSource dataSource,
    OutboxReader reader,
    RedeliveryStore redeliveries,
    SubscriptionStore subscriptions,
    OutboxSignal signal,
    BrokerConnection broker,
    TopicTopology topology,
    TopologyFollower follower,
    TopologyReadiness readiness,
    DispatchMetrics metrics,
    IOptions<DispatchOptions> options,
    IOptions<NotificationOptions> notifications,
    TimeProvider time,
    ILogger<ShardDispatcher> logger)
{
    internal NpgsqlDataSource DataSource { get; } = dataSource;

    internal OutboxReader Reader { get; } = reader;

    internal RedeliveryStore Redeliveries { get; } = redeliveries;

    internal SubscriptionStore Subscriptions { get; } = subscriptions;

    internal OutboxSignal Signal { get; } = signal;

    internal BrokerConnection Broker { get; } = broker;

    internal TopicTopology Topology { get; } = topology;

    internal TopologyFollower Follower { get; } = follower;

    internal TopologyReadiness Readiness { get; } = readiness;

    internal DispatchMetrics Metrics { get; } = metrics;

    internal DispatchOptions Options { get; } = options.Value;

    internal NotificationOptions Notifications { get; } = notifications.Value;

    internal TimeProvider Time { get; } = time;

    internal ILogger Logger { get; } = logger;
}
