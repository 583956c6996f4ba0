using System.Text.Json;

namespace BatchPlane.EndToEnd.Tests.Chaos;

/// <summary>A task as it was submitted.</summary>
/// <param name="Count">Instances.</param>
/// <param name="Fails">Whether the command of an instance ends with an exit code that is not 0.</param>
internal sealed record SubmittedTask(int Count, Func<int, bool> Fails);

/// <summary>A journal row, as far as the verdict needs it.</summary>
/// <param name="EventId">Its id.</param>
/// <param name="Sequence">Its number.</param>
/// <param name="Name">What happened.</param>
/// <param name="Instance">Of an instance: its index.</param>
/// <param name="Task">Of a task or instance: the task.</param>
/// <param name="IsAsked">Whether the submitted document asks for it.</param>
/// <param name="IsTold">Whether the journal says that it went to a topic.</param>
/// <param name="Cause">Why.</param>
internal sealed record JournalLine(string EventId, long Sequence, string Name, int? Instance, string? Task, bool IsAsked, bool IsTold, string? Cause = null);

/// <summary>A task as the server shows it: state, counters, and the states of its instances by index.</summary>
internal sealed record ShownTask(string State, long Succeeded, long Failed, IReadOnlyDictionary<int, string> Instances);

/// <summary>What one job left: what was submitted, what the server shows of it, and what a consumer received for it, in order.</summary>
/// <param name="JobId">The job.</param>
/// <param name="State">As the server shows it.</param>
/// <param name="Submitted">Its tasks as they were submitted.</param>
/// <param name="Shown">Its tasks as they are shown.</param>
/// <param name="Journal">Its journal.</param>
/// <param name="Received">Messages that came.</param>
/// <param name="Undelivered">What <c>/deliveries</c> says of events that were looked at and are not confirmed.</param>
internal sealed record JobStory(
    string JobId,
    string State,
    IReadOnlyDictionary<string, SubmittedTask> Submitted,
    IReadOnlyDictionary<string, ShownTask> Shown,
    IReadOnlyList<JournalLine> Journal,
    IReadOnlyList<(string Id, string Body)> Received,
    IReadOnlyList<string> Undelivered);

/// <summary>Says what is wrong with the story of a job. Pure, so that a test can show that it would see a loss.</summary>
internal static class Verdict
{
    private static readonly string[] Finals = ["SUCCEED", "FAILED", "FAILED_INTERRUPTED"];

    /// <summary>Every violation, one sentence each; empty when the story is sound.</summary>
    public static IReadOnlyList<string> On(JobStory story) =>
        [.. Endings(story).Concat(Tasks(story)).Concat(Sequence(story)).Concat(Delivery(story)).Select(what => $"{story.JobId}: {what}")];

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

        foreach (var (task, submitted) in story.Submitted)
        {
            var ends = EndsOf(story, task).Select(line => line.Instance).ToList();
            if (ends.Count != submitted.Count || ends.Distinct().Count() != submitted.Count)
            {
                yield return $"task {task} has {submitted.Count} instances, of which {ends.Distinct().Count()} ended, {ends.Count} times";
            }
        }
    }

    private static IEnumerable<JournalLine> EndsOf(JobStory story, string task) =>
        story.Journal.Where(line => line.Task == task && line.Instance is not null && Finals.Any(final => line.Name == $"TASK_INSTANCE_{final}"));

    /// <summary>What is shown of tasks, their counters and their instances is what their events told, and what their commands do.</summary>
    private static IEnumerable<string> Tasks(JobStory story)
    {
        foreach (var (task, submitted) in story.Submitted)
        {
            if (!story.Shown.TryGetValue(task, out var shown))
            {
                yield return $"task {task} is not shown";
                continue;
            }

            var told = story.Journal.Where(line => line.Task == task && line.Instance is null && Finals.Any(final => line.Name == $"TASK_{final}")).Select(line => line.Name).ToList();
            if (told is not [var name] || name != $"TASK_{shown.State}")
            {
                yield return $"task {task} is {shown.State} and ended as [{string.Join(' ', told)}]";
            }

            var ends = EndsOf(story, task).ToLookup(line => line.Instance!.Value);
            var wrong = shown.Instances.Where(instance => ends[instance.Key].Any(line => line.Name != $"TASK_INSTANCE_{instance.Value}")).ToList();
            if (wrong.Count > 0 || shown.Instances.Count != submitted.Count)
            {
                yield return $"task {task} shows {shown.Instances.Count} instances, {wrong.Count} of them in another state than was told";
            }

            var (succeeded, failed) = (ends.Count(end => end.First().Name == "TASK_INSTANCE_SUCCEED"), ends.Count(end => end.First().Name == "TASK_INSTANCE_FAILED"));
            if ((shown.Succeeded, shown.Failed) != (succeeded, failed))
            {
                yield return $"task {task} counts {shown.Succeeded} succeeded and {shown.Failed} failed instances, told were {succeeded} and {failed}";
            }

            var unlike = ends.Select(end => end.First()).Where(line => line.Name == "TASK_INSTANCE_SUCCEED" ? submitted.Fails(line.Instance!.Value) : line.Cause == "exit_code" && !submitted.Fails(line.Instance!.Value)).ToList();
            if (unlike.Count > 0)
            {
                yield return $"instance {unlike[0].Instance} of task {task} ended as its command does not: {unlike[0].Name}";
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
        foreach (var line in story.Journal.Where(line => line.IsAsked != line.IsTold).Take(1))
        {
            yield return $"{line.Name} was {(line.IsAsked ? "asked for and, as the journal says, told nobody" : "told and not asked for")}";
        }

        foreach (var what in story.Undelivered)
        {
            yield return $"delivered, and shown as {what}";
        }

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

        var lines = story.Journal.ToDictionary(line => line.EventId);
        foreach (var (id, body) in story.Received.Where(message => lines.TryGetValue(message.Id, out var line) && !Says(message.Body, story.JobId, line)).Take(1))
        {
            yield return $"the message of {lines[id].Name} says something else: {body}";
        }

        if (story.Received.GroupBy(message => message.Id).Any(same => same.Select(message => message.Body).Distinct().Count() > 1))
        {
            yield return "a repeated message has another body";
        }
    }

    /// <summary>Whether a message in Tencent's envelope tells just what a row of the journal does.</summary>
    private static bool Says(string body, string jobId, JournalLine line)
    {
        using var document = JsonDocument.Parse(body);
        var events = document.RootElement.GetProperty("Events");
        if (events.GetArrayLength() != 1)
        {
            return false;
        }

        var (told, batch) = (events[0], events[0].GetProperty("Batch"));
        var level = line switch { { Instance: not null } => "TASK_INSTANCE", { Task: not null } => "TASK", _ => "JOB" };
        var state = level switch { "TASK_INSTANCE" => "TaskInstanceState", "TASK" => "TaskState", _ => "JobState" };
        return told.GetProperty("EventName").GetString() == line.Name
            && Text(batch, "JobId") == jobId
            && Text(batch, "TaskName") == line.Task
            && (batch.TryGetProperty("TaskInstanceIndex", out var index) ? index.GetInt32() : null as int?) == line.Instance
            && $"{level}_{Text(batch, state)}" == line.Name;
    }

    private static string? Text(JsonElement parent, string name) => parent.TryGetProperty(name, out var value) ? value.GetString() : null;
}
