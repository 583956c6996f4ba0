using BatchPlane.Core.Database;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Outputs;
using BatchPlane.Core.Scheduling;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace BatchPlane.Core;

/// <summary>Registration of the core. Needs an <c>NpgsqlDataSource</c>, an <see cref="Access.InstallationKey"/>, logging and the options classes.</summary>
public static class CoreServiceCollectionExtensions
{
    /// <summary>Adds the stores, the transition path and the desk where agents wait; both loops run in this process.</summary>
    public static IServiceCollection AddBatchPlaneCore(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<OutboxSignal>();
        services.AddSingleton<WorkSignal>();
        services.AddSingleton<TerminationSignal>();
        services.AddSingleton<MigrationRunner>();
        services.AddSingleton<Access.JobSecrets>();
        services.AddSingleton<EnvironmentStore>();
        services.AddSingleton<ClaimStore>();
        services.AddSingleton<DueStore>();
        services.AddSingleton<JournalStore>();
        services.AddSingleton<Statistics.StatisticsStore>();
        services.AddSingleton<IdempotencyGuard>();
        services.AddSingleton<JobRemovalStore>();
        services.AddSingleton<OutputStore>();
        services.AddSingleton<TransitionWriter>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<TransitionWriter>());
        services.AddSingleton<ClaimDesk>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<ClaimDesk>());
        return services;
    }
}
