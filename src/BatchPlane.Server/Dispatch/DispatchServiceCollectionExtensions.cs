using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using BatchPlane.Server.Dispatch.Bus;
using BatchPlane.Server.Topics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace BatchPlane.Server.Dispatch;

/// <summary>Registration of topics and dispatcher.</summary>
internal static class DispatchServiceCollectionExtensions
{
    /// <summary>Configuration section of <see cref="BrokerOptions"/>.</summary>
    internal const string BrokerSection = "Broker";

    /// <summary>Configuration section of <see cref="DispatchOptions"/>.</summary>
    internal const string DispatchSection = "Dispatch";

    /// <summary>Configuration section of <see cref="NotificationOptions"/>.</summary>
    internal const string NotificationsSection = "Notifications";

    /// <summary>
    /// Adds topics (<see cref="TopicService"/>, <see cref="TopicStore"/>), the broker connection, <see cref="OutboxSignal"/> and, for the
    /// role <c>dispatcher</c>, the delivery of events. Needs an <c>NpgsqlDataSource</c> and configuration. Nothing here keeps a server
    /// from starting while the broker is away.
    /// </summary>
    internal static IServiceCollection AddDispatch(this IServiceCollection services, bool dispatcherRole = true)
    {
        services.AddOptions<BrokerOptions>().BindConfiguration(BrokerSection).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<DispatchOptions>().BindConfiguration(DispatchSection).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<NotificationOptions>().BindConfiguration(NotificationsSection).ValidateDataAnnotations().ValidateOnStart();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<OutboxSignal>();
        services.AddSingleton<TopicStore>();
        services.AddSingleton<TopicTopology>();
        services.AddSingleton<TopicService>();

        // Hosted services stop in reverse order: the dispatcher before the connection it sends on.
        services.AddSingleton<BrokerConnection>();
        services.AddHostedService(provider => provider.GetRequiredService<BrokerConnection>());
        services.AddHostedService<TopologyReconciler>();
        if (dispatcherRole)
        {
            services.AddSingleton<DispatchMetrics>();
            services.AddSingleton<OutboxReader>();
            services.AddSingleton<ShardLeases>();
            services.AddSingleton<DispatchServices>();
            services.AddSingleton<DispatcherLoop>();
            services.AddHostedService(provider => provider.GetRequiredService<DispatcherLoop>());
        }

        return services;
    }
}
