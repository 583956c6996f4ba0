namespace BatchPlane.Agent.Executors;

/// <summary>The ways this agent has to run attempts: as processes, and in containers where the node has an engine. Owns both.</summary>
internal sealed class AttemptExecutors(IAttemptExecutor processes, IAttemptExecutor? containers) : IAttemptExecutor
{
    public Task Lost => processes.Lost;

    public Task<StartResult?>? Prepare(Launch launch, CancellationToken kill) => For(launch)?.Prepare(launch, kill);

    public StartResult Start(Launch launch) =>
        For(launch)?.Start(launch) ?? StartResult.Failed("this node has no container engine");

    public IExecution Adopt(Launch launch, IExecution execution) => For(launch)?.Adopt(launch, execution) ?? execution;

    public void Dispose()
    {
        containers?.Dispose();
        processes.Dispose();
    }

    private IAttemptExecutor? For(Launch launch) => launch.Claim.Run.Docker is null ? processes : containers;
}
