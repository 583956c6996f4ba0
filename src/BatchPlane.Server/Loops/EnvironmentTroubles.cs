using BatchPlane.Core.Database;
using BatchPlane.Core.Environments;

namespace BatchPlane.Server.Loops;

/// <summary>
/// Keeps what goes wrong with one environment from the others of a pass. Told when it begins and when it becomes another, in the log and in the environment's activities, and in the log when it is
/// over; not with each pass. A database that cannot be reached is nobody's own and ends the pass. For one loop: not safe for use by two threads at once.
/// </summary>
internal sealed partial class EnvironmentTroubles(EnvironmentStore environments, ILogger logger)
{
    private readonly Dictionary<string, string> _known = new(StringComparer.Ordinal);

    /// <summary>Does something about an environment; false when that failed.</summary>
    internal async Task<bool> TryAsync(string envId, Func<Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work();
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && !ExpectedFaults.IsTransient(exception))
        {
            await NoteAsync(envId, exception, cancellationToken);
            return false;
        }

        if (_known.Remove(envId))
        {
            Log.Over(logger, envId);
        }

        return true;
    }

    private async Task NoteAsync(string envId, Exception exception, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(envId, out var known) && known == exception.Message)
        {
            return;
        }

        _known[envId] = exception.Message;
        Log.Begun(logger, envId, exception);
        try
        {
            await environments.ChangeAsync(envId, environment => { environment.NoteTrouble(exception.Message); return environment; }, cancellationToken);
        }
        catch (Exception second) when (!cancellationToken.IsCancellationRequested && !ExpectedFaults.IsTransient(second))
        {
            // As when the environment itself cannot be read: the log has to do.
            Log.Untold(logger, envId, second);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(3053, LogLevel.Error, "The nodes of {EnvId} cannot be looked after; it is tried again with each look, and told again when it changes")]
        internal static partial void Begun(ILogger logger, string envId, Exception exception);

        [LoggerMessage(3054, LogLevel.Information, "The nodes of {EnvId} are looked after again")]
        internal static partial void Over(ILogger logger, string envId);

        [LoggerMessage(3055, LogLevel.Error, "The activities of {EnvId} do not tell that its nodes cannot be looked after")]
        internal static partial void Untold(ILogger logger, string envId, Exception exception);
    }
}
