using BatchPlane.Core.Database;
using BatchPlane.Core.Access;
using BatchPlane.Server.Agents;
using BatchPlane.Server.Jobs;
using BatchPlane.Server.Nodes;
using BatchPlane.Server.Nodes.Slurm;
using BatchPlane.Server.Outputs;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>Registration of nodes, agents and the engine's loops.</summary>
internal static class EngineServiceCollectionExtensions
{
    /// <summary>Adds what agents talk to. Needs <see cref="InstallationKey"/> and the join token.</summary>
    internal static IServiceCollection AddAgents(this IServiceCollection services)
    {
        services.AddSingleton<AgentGate>();
        services.AddSingleton<ProgressMetrics>();
        services.AddSingleton<TerminationNotices>();
        services.AddSingleton<DirectoryOutputStorage>();
        services.AddSingleton<S3OutputStorage>();
        services.AddSingleton<IOutputStorage>(provider => provider.GetRequiredService<IOptions<OutputOptions>>().Value.Storage switch
        {
            OutputStorageKind.Directory => provider.GetRequiredService<DirectoryOutputStorage>(),
            OutputStorageKind.S3 => provider.GetRequiredService<S3OutputStorage>(),
        });
        services.AddSingleton<OutputStatus>();
        services.AddSingleton<OutputIntake>();
        services.AddSingleton<OutputFollows>();
        services.AddHostedService(provider => provider.GetRequiredService<OutputFollows>());
        services.AddSingleton<AttemptWaits>();
        services.AddHostedService(provider => provider.GetRequiredService<AttemptWaits>());
        services.AddSingleton<GetOutput>();
        services.AddSingleton<NodeLossSignal>();
        services.AddSingleton<INodeProvider, LocalNodeProvider>();
        services.AddSingleton<SlurmClient>();
        services.AddSingleton<SlurmPilots>();
        services.AddSingleton<SlurmAdmission>();
        return services;
    }

    /// <summary>Adds the loops of the role <c>engine</c>.</summary>
    internal static IServiceCollection AddEngineLoops(this IServiceCollection services, bool withSlurm)
    {
        services.AddSingleton<TaskEnvironments>();
        services.AddSingleton<HostBeats>();
        services.AddHostedService<NodeMonitor>();
        services.AddHostedService<ClaimPruner>();
        services.AddHostedService<Timekeeper>();
        services.AddHostedService<BlockedTeller>();
        services.AddSingleton<JournalMetrics>();
        services.AddSingleton<InvariantMetrics>();
        services.AddHostedService<JournalKeeper>();
        services.AddSingleton<InvariantChecker>();
        services.AddSingleton<InvariantKeeper>();
        services.AddHostedService(provider => provider.GetRequiredService<InvariantKeeper>());
        services.AddHostedService<JournalMarker>();
        services.AddHostedService<StatisticsKeeper>();
        services.AddHostedService<IdempotencyPruner>();
        services.AddHostedService<JobRemover>();
        services.AddHostedService<OutputKeeper>();
        services.AddHostedService<EnvironmentReconciler>();
        services.AddHostedService<ActivityPruner>();
        services.AddHostedService<DeliveryPruner>();
        if (withSlurm)
        {
            services.AddHostedService<SlurmReconciler>();
        }

        return services;
    }
}
