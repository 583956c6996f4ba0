using System.Diagnostics;
using BatchPlane.Bench.Stack;
using BatchPlane.Contracts;

namespace BatchPlane.Bench.Soak;

/// <summary>
/// One job of very many instances that do nothing, in a diamond of four tasks, through the whole product: a consumer counts its TASK and JOB
/// events, its counters are read all along, and the invariants are checked half way and at the end. Then two small jobs with a
/// planted fault each, which must be seen.
/// </summary>
internal sealed class MillionSoak
{
    /// <summary>The fault that a message is lost on the way to the consumer.</summary>
    internal const string LostEvent = "lost-event";

    /// <summary>The fault that a counter missed an instance; the table refuses one that counts too many.</summary>
    internal const string WrongCounter = "wrong-counter";

    private const string Name = "million";
    private const string Topic = "soak";
    private const int ControlInstances = 1_000;
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan EventsLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ControlEventsLimit = TimeSpan.FromSeconds(2);

    private readonly BenchContext _context;
    private readonly BenchStack _stack;
    private readonly SoakQueue _queue;

    private MillionSoak(BenchContext context, BenchStack stack, SoakQueue queue)
    {
        _context = context;
        _stack = stack;
        _queue = queue;
    }

    /// <summary>Prints one verdict for each job, that of the large one last. True when all of them are as they should be.</summary>
    internal static async Task<bool> RunAsync(BenchContext context, int instances)
    {
        await using var stack = await BenchStack.StartAsync(context, new StackShape { Agents = [2] });
        await stack.Client.PostAsync("/v1/topics", $$"""{"topic_name":"{{Topic}}"}""", context.Cancellation);
        await stack.Client.PostAsync($"/v1/topics/{Topic}/subscriptions", $$"""{"protocol":"queue","endpoint":"{{Topic}}"}""", context.Cancellation);
        await using var queue = await SoakQueue.ConsumeAsync(stack.AmqpUrl, Topic, context.Cancellation);
        var soak = new MillionSoak(context, stack, queue);
        var verdict = await soak.JobAsync(instances, control: null);
        SoakVerdict[] controls = [await soak.JobAsync(ControlInstances, LostEvent), await soak.JobAsync(ControlInstances, WrongCounter)];
        foreach (var each in controls.Append(verdict))
        {
            Console.WriteLine(each.ToJson());
        }

        return verdict.Passed && controls.All(control => control.Passed);
    }

    private async Task<SoakVerdict> JobAsync(int instances, string? control)
    {
        BenchContext.Say(FormattableString.Invariant($"a job of {instances:#,0} instances{(control is null ? "" : ", with a planted fault: " + control)}"));
        var (document, tasks) = Document(instances);
        var watch = new CounterWatch(instances);
        var violations = new List<string>();
        var invariants = 0;
        var begin = Stopwatch.GetTimestamp();
        var jobId = await _stack.Client.SubmitAsync(document, _context.Cancellation);
        var ended = await FollowAsync(jobId, instances, watch, async () => invariants += await CheckAsync(violations));
        var seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        if (control == WrongCounter)
        {
            await _stack.DoAsync($"UPDATE tasks SET succeed_count = succeed_count - 1 WHERE task_no = 0 AND job_id = '{jobId}'");
            watch.Look(await _stack.Client.JobAsync(jobId, _context.Cancellation));
        }

        var expected = DeliveryCheck.Expected(tasks);
        var received = await ReceivedAsync(jobId, expected, control);
        if (ended.JobState != RunState.Succeed || ended.TaskInstanceMetrics.SucceedCount != instances)
        {
            violations.Add($"the job ended as {ended.JobState}: {ended.TaskInstanceMetrics}");
        }

        violations.AddRange(watch.Violations);
        violations.AddRange(DeliveryCheck.Violations(expected, received));
        violations.AddRange(await JournalAsync(jobId, instances));
        invariants += await CheckAsync(violations);
        var distinct = received.DistinctBy(message => message.Id).Count();
        return new(
            Name, control, instances, Math.Round(seconds, 2), Math.Round(instances / seconds), watch.Looks, expected.Values.Sum(), distinct, received.Count - distinct, invariants, violations);
    }

    // Two tasks beside each other between a first and a last one.
    private static (string Document, int Tasks) Document(int instances)
    {
        var side = instances / 4;
        (string Name, int Count)[] tasks = [("first", instances - (3 * side)), ("left", side), ("right", side), ("last", side)];
        var bodies = tasks.Select(task => FormattableString.Invariant(
            $$"""{"task_name":"{{task.Name}}","task_instance_num":{{task.Count}},"application": {"builtin": "noop"} }"""));
        string[] events = ["JobRunning", "JobSucceed", "JobFailed", "JobFailedInterrupted", "TaskRunning", "TaskSucceed", "TaskFailed", "TaskFailedInterrupted"];
        return ($$"""
            {"tasks":[{{string.Join(',', bodies)}}],
             "dependences":[{"start_task":"first","end_task":"left"},{"start_task":"first","end_task":"right"},
                            {"start_task":"left","end_task":"last"},{"start_task":"right","end_task":"last"}],
             "notifications":[{"topic_name":"{{Topic}}","event_configs":[{{string.Join(',', events.Select(name => $$"""{"event_name":"{{name}}"}"""))}}]}]}
            """, tasks.Length);
    }

    private async Task<JobDetail> FollowAsync(string jobId, int instances, CounterWatch watch, Func<Task> halfWayAsync)
    {
        var progress = new SoakProgress(instances);
        var isHalfWay = false;
        while (true)
        {
            var job = await _stack.Client.JobAsync(jobId, _context.Cancellation);
            watch.Look(job);
            progress.Show(job.TaskInstanceMetrics, isLast: job.FinishedAt is not null);
            if (job.FinishedAt is not null)
            {
                return job;
            }

            if (!isHalfWay && job.TaskInstanceMetrics.SucceedCount > instances / 2)
            {
                isHalfWay = true;
                await halfWayAsync();
            }

            await Task.Delay(LookAgain, _context.Cancellation);
        }
    }

    private async Task<IReadOnlyList<SoakMessage>> ReceivedAsync(string jobId, IReadOnlyDictionary<string, int> expected, string? control)
    {
        var begin = Stopwatch.GetTimestamp();
        while (true)
        {
            var received = _queue.Of(jobId);
            if (control == LostEvent)
            {
                received = [.. received.Where(message => message.RoutingKey != "job.running")];
            }

            if (!DeliveryCheck.Violations(expected, received).Any() || Stopwatch.GetElapsedTime(begin) > (control is null ? EventsLimit : ControlEventsLimit))
            {
                return received;
            }

            await Task.Delay(LookAgain, _context.Cancellation);
        }
    }

    private async Task<IEnumerable<string>> JournalAsync(string jobId, int instances)
    {
        var ended = await _stack.AskAsync<long>($"SELECT coalesce(sum(span), 0) FROM events WHERE subject_id = '{jobId}' AND level = 'task_instance' AND state = 'SUCCEED'");
        return ended == instances ? [] : [FormattableString.Invariant($"the journal has {ended} successes of instances instead of {instances}")];
    }

    // Each is one statement and sees one moment, so that they hold while the job runs as well.
    private async Task<int> CheckAsync(List<string> violations)
    {
        foreach (var name in Invariants.Names)
        {
            violations.AddRange(await Invariants.ViolationsAsync(_stack.Database, name, _context.Cancellation));
        }

        return Invariants.Names.Count;
    }
}
