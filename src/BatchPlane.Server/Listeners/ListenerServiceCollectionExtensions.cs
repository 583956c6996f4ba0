using BatchPlane.Contracts;
using BatchPlane.Core.Listeners;
using BatchPlane.Server.Tracing;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Listeners;

/// <summary>Registration of listeners.</summary>
internal static class ListenerServiceCollectionExtensions
{
    /// <summary>Adds what the API tells of listeners and, for the role <c>listeners</c>, what runs them. Hosted services start in order: behind those that bring the schema up to date.</summary>
    internal static IServiceCollection AddListeners(this IServiceCollection services, bool listenersRole)
    {
        services.AddSingleton<ListenerStore>();
        if (listenersRole)
        {
            services.AddSingleton<ListenerMetrics>();
            services.AddSingleton<ListenerServices>();
            AddOpenTelemetry(services);
            services.AddHostedService<ListenerHost>();
        }

        return services;
    }

    /// <summary>The listener that is built in, when somebody wants it.</summary>
    private static void AddOpenTelemetry(IServiceCollection services)
    {
        var options = services.Select(service => service.ImplementationInstance).OfType<IOptions<TracingOptions>>().Single().Value;
        var variables = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        if (OpenTelemetryListener.IsWanted(options, variables))
        {
            services.AddSingleton<IEventListener>(provider => OpenTelemetryListener.Create(options, variables, provider.GetRequiredService<ListenerMetrics>()));
        }
    }
}
