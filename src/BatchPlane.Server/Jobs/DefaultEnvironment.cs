using BatchPlane.Core.Environments;

namespace BatchPlane.Server.Jobs;

/// <summary>
/// The environment of tasks that name none, remembered: there is no other one as long as it exists, so only a submit that was refused for
/// it has to look again.
/// </summary>
internal sealed class DefaultEnvironment(EnvironmentStore environments)
{
    private volatile string? _envId;

    /// <summary>Its id, perhaps of one that is gone since; null when there is none.</summary>
    internal async Task<string?> FindAsync(CancellationToken cancellationToken) =>
        _envId ??= await environments.FindAsync(null, cancellationToken);

    /// <summary>Forgets an environment that took no job. True when it was the one remembered: looking again may help.</summary>
    internal bool Forget(IReadOnlyList<string> envIds)
    {
        var envId = _envId;
        return envId is not null && envIds.Contains(envId) && Interlocked.CompareExchange(ref _envId, null, envId) == envId;
    }
}
