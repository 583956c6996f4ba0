using BatchPlane.Core.ReadModel;

namespace BatchPlane.Server.Events;

/// <summary>Registration of what serves events.</summary>
internal static class EventServiceCollectionExtensions
{
    internal static IServiceCollection AddEvents(this IServiceCollection services)
    {
        services.AddSingleton<JournalReader>().AddSingleton<JournalQueries>().AddSingleton<ExecutionQueries>().AddSingleton<DeliveryQueries>().AddSingleton<DispatchQueries>();
        services.AddSingleton<DispatchLag>();
        services.AddSingleton<EventMetrics>().AddSingleton<EventStreams>().AddSingleton<EventTail>();
        services.AddHostedService(provider => provider.GetRequiredService<EventTail>());
        return services;
    }
}
