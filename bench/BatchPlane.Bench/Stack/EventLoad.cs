using System.Diagnostics;

namespace BatchPlane.Bench.Stack;

/// <summary>Jobs that are there for their events.</summary>
internal static class EventLoad
{
    private const int JobsAtOnce = 16;

    /// <summary>A job of instances that do nothing, which tells each end to each of the topics.</summary>
    internal static string Array(int instances, params string[] topics) => Job(instances, topics, "TASK_INSTANCE_SUCCEED");

    /// <summary>A job of one instance that tells all six of its transitions, each a row of the journal.</summary>
    internal static string Single(string topic) =>
        Job(1, [topic], "JOB_RUNNING", "TASK_RUNNING", "TASK_INSTANCE_RUNNING", "TASK_INSTANCE_SUCCEED", "TASK_SUCCEED", "JOB_SUCCEED");

    /// <summary>A job that does nothing and tells these events.</summary>
    internal static string Job(int instances, IReadOnlyList<string> topics, params string[] events)
    {
        var configs = string.Join(',', events.Select(name => $$"""{"event_name":"{{name}}"}"""));
        var names = string.Join(',', topics.Select(topic => $"\"{topic}\""));
        return FormattableString.Invariant(
            $$"""{"tasks":[{"application":{"builtin":"noop"},"task_instance_num":{{instances}}}],"notifications":[{"topic_names":[{{names}}],"event_configs":[{{configs}}]}]}""");
    }

    /// <summary>Runs jobs to their end, several at a time.</summary>
    internal static Task RunAsync(BenchStack stack, string document, int jobs, CancellationToken cancellation) => Parallel.ForEachAsync(
        Enumerable.Range(0, jobs),
        new ParallelOptions { MaxDegreeOfParallelism = JobsAtOnce, CancellationToken = cancellation },
        async (_, token) => await stack.Client.SucceededAsync(await stack.Client.SubmitAsync(document, token), token));

    /// <summary>Has jobs run with the journal held back, then opens it.</summary>
    /// <returns>Seconds from then until the queue holds what they tell.</returns>
    internal static async Task<double> DeliverAsync(BenchStack stack, EventQueue queue, string document, int jobs, long messages, CancellationToken cancellation)
    {
        await using var gate = await JournalGate.CloseAsync(stack, cancellation);
        await RunAsync(stack, document, jobs, cancellation);
        var begin = Stopwatch.GetTimestamp();
        await gate.OpenAsync(cancellation);
        return await queue.HoldsAsync(messages, begin, cancellation);
    }
}
