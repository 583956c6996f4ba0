using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Deliveries.Bus;
using BatchPlane.Server.Deliveries.Mail;
using BatchPlane.Server.Deliveries.Webhooks;
using BatchPlane.Server.Dispatch.Bus;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace BatchPlane.Server.Deliveries;

/// <summary>Registration of the delivery to webhooks and mail.</summary>
internal static class DeliveryServiceCollectionExtensions
{
    /// <summary>Adds what every server needs to take subscriptions and, for the role <c>deliverer</c>, what serves them. Comes after <c>AddDispatch</c>.</summary>
    internal static IServiceCollection AddDeliveries(this IServiceCollection services, bool delivererRole)
    {
        services.TryAddSingleton<IHostResolver, SystemResolver>();
        services.AddSingleton<EndpointGuard>();
        services.AddSingleton<EndpointAdmission>();
        services.AddSingleton<DeliveryStore>();
        services.AddSingleton<NoticePublisher>();
        if (delivererRole)
        {
            services.AddSingleton<DeliveryMetrics>();
            services.AddSingleton<RetryQueues>();
            services.AddSingleton<SubscriptionBus>();
            services.AddSingleton<SubscriptionDisabler>();
            services.AddSingleton<EventRenderer>();
            services.AddSingleton<WebhookSender>();
            services.AddSingleton<MailSender>();
            services.AddSingleton<DeliveryServices>();

            // Hosted services stop in reverse order: who records after who delivers.
            services.AddHostedService(provider => provider.GetRequiredService<SubscriptionDisabler>());
            services.AddSingleton<DeliveryRecorder>();
            services.AddHostedService(provider => provider.GetRequiredService<DeliveryRecorder>());
            services.AddHostedService<DelivererLoop>();
        }

        return services;
    }
}
