using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Catalogue;
using BatchPlane.Server.Tencent.Environments;
using BatchPlane.Server.Tencent.Jobs;
using BatchPlane.Server.Tencent.TaskTemplates;
using BatchPlane.Server.Tencent.Topics;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tencent;

/// <summary>Registration of the façade.</summary>
internal static class TencentServiceCollectionExtensions
{
    /// <summary>Adds everything that answers, and what listens for it.</summary>
    internal static IServiceCollection AddTencent(this IServiceCollection services)
    {
        services.AddSingleton<MachineCatalogue>();
        services.AddSingleton<JobTranslation>();
        services.AddSingleton<TaskLogs>();
        services.AddSingleton<IActionGroup, JobActions>();
        services.AddSingleton<IActionGroup, TaskActions>();
        services.AddSingleton<IActionGroup, EnvironmentActions>();
        services.AddSingleton<IActionGroup, NodeActions>();
        services.AddSingleton<IActionGroup, TemplateActions>();
        services.AddSingleton<IActionGroup, CatalogueActions>();
        services.AddSingleton<IActionGroup, TopicActions>();
        services.AddSingleton<IActionGroup, SubscriptionActions>();
        services.AddSingleton<IActionGroup, MessageActions>();
        services.AddSingleton<ActionTable>();
        services.AddSingleton<BodyReader>();
        services.AddSingleton<RequestGate>();
        services.AddSingleton<TencentMetrics>();
        services.AddSingleton<RequestLog>();
        services.AddSingleton<TencentFacade>();
        services.AddSingleton<TencentListener>();
        return services.AddHostedService(provider => provider.GetRequiredService<TencentListener>());
    }
}
