using BatchPlane.Core.Database;

namespace BatchPlane.Server.Loops;

/// <summary>A duty that is done again and again: a pass, a pause, a pass. A pass that fails is logged and tried again after the pause.</summary>
internal abstract partial class EngineLoop(TimeProvider time, ILogger logger) : BackgroundService
{
    /// <summary>Logger of the duty.</summary>
    protected ILogger Logger { get; } = logger;

    /// <summary>Pause between two passes.</summary>
    protected abstract TimeSpan Interval { get; }

    /// <summary>Ends the pause early; take it before the pass looks at anything.</summary>
    protected virtual Task Wake { get; } = new TaskCompletionSource().Task;

    /// <summary>Does the duty once; safe to repeat, and to run on several servers at once.</summary>
    protected abstract Task PassAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var wake = Wake;
            try
            {
                await PassAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                Log.PassFailed(Logger, ExpectedFaults.IsTransient(exception) ? LogLevel.Warning : LogLevel.Error, GetType().Name, exception);
            }

            await Task.WhenAny(wake, Task.Delay(Interval, time, stoppingToken));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 3000, Message = "{Loop} failed; trying again after its pause")]
        internal static partial void PassFailed(ILogger logger, LogLevel level, string loop, Exception exception);
    }
}
