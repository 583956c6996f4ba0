using BatchPlane.Core.Jobs;
using BatchPlane.Core.Scheduling;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>
/// Does what is due: lets instances be claimed again whose backoff is over, ends tasks and jobs whose time limit has passed, tells of jobs that missed their deadline, and how far tasks have come.
/// Several servers may find the same at once; the transition path looks again under the job's lock, and the second finds nothing.
/// </summary>
/// <remarks>It sleeps until the next time it knows of, and looks for others that were added meanwhile at least once in a poll interval.</remarks>
internal sealed partial class Timekeeper(DueStore store, TransitionWriter writer, IOptions<SchedulingOptions> options, TimeProvider time, ILogger<Timekeeper> logger)
    : EngineLoop(time, logger)
{
    private TimeSpan _pause;

    /// <inheritdoc/>
    protected override TimeSpan Interval => _pause;

    private TimeSpan Poll => TimeSpan.FromSeconds(options.Value.DuePollSeconds);

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken cancellationToken)
    {
        _pause = Poll;
        while (await store.SelectAsync(options.Value.DueLimit, cancellationToken) is { Count: > 0 } due)
        {
            var outcomes = await Task.WhenAll(due.Select(request => writer.WriteAsync(request, cancellationToken)));
            var (released, closed, told) = (outcomes.Sum(outcome => outcome.Released), outcomes.Sum(outcome => outcome.Closed), outcomes.Sum(outcome => outcome.Told));
            Log.Done(Logger, released, closed, told);
            if (released + closed + told == 0)
            {
                // Another server does it at this moment.
                return;
            }
        }

        if (await store.NextAsync(cancellationToken) is { } next && next < Poll)
        {
            // Timers count whole milliseconds: rather one late than many looks in the last one.
            _pause = (next > TimeSpan.Zero ? next : TimeSpan.Zero) + TimeSpan.FromMilliseconds(1);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(4003, LogLevel.Debug, "Released {Instances} instances whose wait was over, closed {Tasks} tasks whose time had passed, told of {Told} deadlines that were missed and tasks' progress")]
        internal static partial void Done(ILogger logger, int instances, int tasks, int told);
    }
}
