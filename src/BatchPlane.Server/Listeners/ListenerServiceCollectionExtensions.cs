using BatchPlane.Core.Listeners;

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
            services.AddHostedService<ListenerHost>();
        }

        return services;
    }
}
