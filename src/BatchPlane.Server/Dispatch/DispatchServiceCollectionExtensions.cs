using BatchPlane.Core.Journal;
using BatchPlane.Core.Redelivery;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Core.Topics;
using BatchPlane.Server.Dispatch.Bus;
using BatchPlane.Server.Health;
using BatchPlane.Server.Topics;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace BatchPlane.Server.Dispatch;

/// <summary>Registration of topics and dispatcher.</summary>
internal static class DispatchServiceCollectionExtensions
{
    /// <summary>
    /// Adds topics (<see cref="TopicService"/>, <see cref="TopicStore"/>), the broker connection, <see cref="OutboxSignal"/> and, for the
    /// role <c>dispatcher</c>, the delivery of events. Needs an <c>NpgsqlDataSource</c> and an <c>InstallationKey</c>; options classes
    /// that nobody registered have their defaults. Nothing here keeps a server from starting while the broker is away.
    /// </summary>
    internal static IServiceCollection AddDispatch(this IServiceCollection services, Uri broker, bool dispatcherRole)
    {
        services.AddOptions();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<OutboxSignal>();
        services.TryAddSingleton<BrokerStatus>();
        services.AddSingleton(new BrokerAddress(broker));
        services.AddSingleton<OutboxReader>();
        services.AddSingleton<TopicStore>();
        services.AddSingleton<RedeliveryStore>();
        services.AddSingleton<TopicTopology>();
        services.AddSingleton<TopicService>();
        services.AddSingleton<SubscriptionStore>();
        services.AddSingleton<SubscriptionService>();
        services.AddSingleton<TopologyRemovalStore>();
        services.AddSingleton<BindingStore>();
        services.AddSingleton<TopologyFollower>();

        // Hosted services stop in reverse order: the dispatcher before the connection it sends on.
        services.AddSingleton<BrokerConnection>();
        services.AddHostedService(provider => provider.GetRequiredService<BrokerConnection>());
        services.AddSingleton<TopologyReadiness>();
        services.AddHostedService<TopologyReconciler>();
        if (dispatcherRole)
        {
            services.AddSingleton<DispatchMetrics>();
            services.AddSingleton<ShardLeases>();
            services.AddSingleton<DispatchServices>();
            services.AddSingleton<DispatcherLoop>();
            services.AddHostedService(provider => provider.GetRequiredService<DispatcherLoop>());
        }

        return services;
    }
}
