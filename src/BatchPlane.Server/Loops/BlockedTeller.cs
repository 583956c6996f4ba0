using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Scheduling;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>
/// Tells why tasks that could run do not (<c>TASK_BLOCKED</c>), where somebody asked. Far from the path of claims: it looks at times, at tasks that somebody wants to be told of alone, and a reason
/// has to hold for a while. Which reason was told last is stored with the task, so that several servers tell it once; what one has seen so far it may forget.
/// </summary>
internal sealed partial class BlockedTeller(
    ExplainQueries explanations,
    TransitionWriter writer,
    IOptions<SchedulingOptions> options,
    TimeProvider time,
    ILogger<BlockedTeller> logger) : EngineLoop(time, logger)
{
    private const int PageSize = 1_000;
    private const int Looks = 3;

    private readonly TimeProvider _time = time;
    private Dictionary<long, (string Kind, long Since)> _seen = [];

    private TimeSpan Hold => TimeSpan.FromSeconds(options.Value.BlockedAfterSeconds);

    /// <inheritdoc/>
    protected override TimeSpan Interval => Hold / Looks;

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken cancellationToken)
    {
        var seen = new Dictionary<long, (string Kind, long Since)>();
        long? after = 0;
        while (after is { } place)
        {
            var page = await explanations.BlockedAsync(place, PageSize, cancellationToken);
            foreach (var task in page.Tasks.Where(task => task.Kind != task.ToldKind))
            {
                seen[task.TaskId] = _seen.TryGetValue(task.TaskId, out var before) && before.Kind == task.Kind ? before : (task.Kind, _time.GetTimestamp());
            }

            var outcomes = await Task.WhenAll(page.Tasks
                .Where(task => seen.TryGetValue(task.TaskId, out var since) && _time.GetElapsedTime(since.Since) >= Hold)
                .Select(task => writer.WriteAsync(new TellBlocked(task.JobId, task.TaskId, task.Kind, task.Reason), cancellationToken)));
            if (outcomes.Count(outcome => outcome.IsTold) is > 0 and var told)
            {
                Log.Told(Logger, told);
            }

            after = page.LastId;
        }

        _seen = seen;
    }

    private static partial class Log
    {
        [LoggerMessage(4007, LogLevel.Debug, "Told of {Tasks} tasks why they do not start")]
        internal static partial void Told(ILogger logger, int tasks);
    }
}
