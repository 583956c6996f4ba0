namespace BatchPlane.EndToEnd.Tests.Chaos;

/// <summary>A journal row, as far as the verdict needs it.</summary>
internal sealed record JournalLine(string EventId, long Sequence, string Name, int? Instance, string? Task, bool IsAsked);

/// <summary>What one job left: the journal the server shows, how it ended, and what a consumer received for it, in order.</summary>
internal sealed record JobStory(string JobId, string State, IReadOnlyDictionary<string, int> InstancesByTask, IReadOnlyList<JournalLine> Journal, IReadOnlyList<(string Id, string Body)> Received);

/// <summary>Says what is wrong with the story of a job. Pure, so that a test can show that it would see a loss.</summary>
internal static class Verdict
{
    private static readonly string[] Finals = ["SUCCEED", "FAILED", "FAILED_INTERRUPTED"];

    /// <summary>Every violation, one sentence each; empty when the story is sound.</summary>
    public static IReadOnlyList<string> On(JobStory story) =>
        [.. Endings(story).Concat(Sequence(story)).Concat(Delivery(story)).Select(what => $"{story.JobId}: {what}")];

    private static IEnumerable<string> Endings(JobStory story)
    {
        if (!Finals.Contains(story.State))
        {
            yield return $"is {story.State}, not ended";
        }

        var jobEnds = story.Journal.Where(line => Finals.Any(final => line.Name == $"JOB_{final}")).ToList();
        if (jobEnds.Count != 1 || jobEnds[0].Name != $"JOB_{story.State}")
        {
            yield return $"is {story.State} and ended as [{string.Join(' ', jobEnds.Select(line => line.Name))}]";
        }

        foreach (var (task, count) in story.InstancesByTask)
        {
            var ends = story.Journal.Where(line => line.Task == task && Finals.Any(final => line.Name == $"TASK_INSTANCE_{final}")).Select(line => line.Instance).ToList();
            if (ends.Count != count || ends.Distinct().Count() != count)
            {
                yield return $"task {task} has {count} instances, of which {ends.Distinct().Count()} ended, {ends.Count} times";
            }
        }
    }

    private static IEnumerable<string> Sequence(JobStory story)
    {
        var expected = Enumerable.Range(1, story.Journal.Count).Select(n => (long)n);
        if (!story.Journal.Select(line => line.Sequence).SequenceEqual(expected))
        {
            yield return "the journal has a gap or is out of order";
        }
    }

    private static IEnumerable<string> Delivery(JobStory story)
    {
        var asked = story.Journal.Where(line => line.IsAsked).ToDictionary(line => line.EventId, line => line.Sequence);
        var firsts = story.Received.Select(message => message.Id).Distinct().ToList();
        var missing = asked.Keys.Except(firsts).ToList();
        if (missing.Count > 0)
        {
            yield return $"{missing.Count} events never arrived: {string.Join(' ', missing.Take(5))}";
        }

        var foreign = firsts.Except(asked.Keys).ToList();
        if (foreign.Count > 0)
        {
            yield return $"{foreign.Count} messages nobody asked for: {string.Join(' ', foreign.Take(5))}";
        }

        var order = firsts.Where(asked.ContainsKey).Select(id => asked[id]).ToList();
        var late = order.Zip(order.Skip(1)).Where(pair => pair.First > pair.Second).ToList();
        if (late.Count > 0)
        {
            yield return $"event {late[0].Second} first arrived after {late[0].First}";
        }

        if (story.Received.GroupBy(message => message.Id).Any(same => same.Select(message => message.Body).Distinct().Count() > 1))
        {
            yield return "a repeated message has another body";
        }
    }
}
