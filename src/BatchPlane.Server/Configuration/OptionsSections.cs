using BatchPlane.Core.Access;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Scheduling;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Api;
using BatchPlane.Server.Deliveries;
using BatchPlane.Server.Deliveries.Mail;
using BatchPlane.Server.Deliveries.Webhooks;
using BatchPlane.Server.Dispatch;
using BatchPlane.Server.Dispatch.Bus;
using BatchPlane.Server.Events;
using BatchPlane.Server.Listeners;
using BatchPlane.Server.Loops;
using BatchPlane.Server.Metrics;
using BatchPlane.Server.Nodes;
using BatchPlane.Server.Nodes.Slurm;
using BatchPlane.Server.Outputs;
using BatchPlane.Server.Tencent;
using BatchPlane.Server.Tracing;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Configuration;

/// <summary>
/// The one list of options classes and their sections. Read once at start; a key that no class knows, a value that cannot be
/// read or lies outside its range stops the start, with every problem named.
/// </summary>
internal static class OptionsSections
{
    /// <summary>Section name to options class.</summary>
    internal static readonly IReadOnlyList<IOptionsSection> All =
    [
        new OptionsSection<ApiOptions>("Api"),
        new OptionsSection<AccessOptions>("Access"),
        new OptionsSection<EngineLimits>("Engine"),
        new OptionsSection<JobLimits>("JobLimits"),
        new OptionsSection<NotificationLimits>("NotificationLimits"),
        new OptionsSection<SchedulingOptions>("Scheduling"),
        new OptionsSection<JournalOptions>("Journal"),
        new OptionsSection<EventsOptions>("Events"),
        new OptionsSection<IdempotencyOptions>("Idempotency"),
        new OptionsSection<RemovalOptions>("Removal"),
        new OptionsSection<InvariantOptions>("Invariants"),
        new OptionsSection<NodeOptions>("Nodes"),
        new OptionsSection<SlurmOptions>("Slurm"),
        new OptionsSection<OutputOptions>("Outputs"),
        new OptionsSection<ProgressLimits>("Progress"),
        new OptionsSection<NotificationOptions>("Notifications"),
        new OptionsSection<BrokerOptions>("Broker"),
        new OptionsSection<DispatchOptions>("Dispatch"),
        new OptionsSection<SubscriptionLimits>("SubscriptionLimits"),
        new OptionsSection<DeliveryOptions>("Deliveries"),
        new OptionsSection<WebhookOptions>("Webhooks"),
        new OptionsSection<EmailOptions>("Email"),
        new OptionsSection<ListenersOptions>("Listeners"),
        new OptionsSection<TracingOptions>("Tracing"),
        new OptionsSection<MetricsOptions>("Metrics"),
        new OptionsSection<TencentOptions>("Tencent"),
    ];

    /// <summary>Registers every class as <see cref="IOptions{TOptions}"/>. Throws <see cref="ConfigurationException"/>.</summary>
    internal static void AddTo(IServiceCollection services, IConfiguration configuration)
    {
        var problems = new List<string>();
        foreach (var section in All)
        {
            section.AddTo(services, configuration.GetSection(section.Name), problems);
        }

        foreach (var unknown in configuration.GetChildren().Where(child => !All.Any(section => section.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase))))
        {
            problems.Add($"Options {unknown.Key}: there is no such section. Sections: {string.Join(", ", All.Select(section => section.Name))}.");
        }

        if (problems.Count > 0)
        {
            throw new ConfigurationException(problems);
        }
    }
}
