using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Events;

/// <summary>A filter as it was read, before the name of the task is looked up.</summary>
/// <param name="Filter">The filter, without the task.</param>
/// <param name="TaskName">The task of the filter's job; null: any.</param>
internal sealed record FilterReading(JournalFilter Filter, string? TaskName)
{
    /// <summary>The filter with the number of the task, or the refusal when there is no such task or job.</summary>
    internal async Task<(JournalFilter Filter, ProblemResult? Refusal)> ResolveAsync(JournalQueries journal, JobQueries jobs, CancellationToken cancellationToken)
    {
        if (TaskName is null)
        {
            return (Filter, null);
        }

        var job = Filter.SubjectId!;
        return await journal.FindTaskNoAsync(job, TaskName, cancellationToken) is { } taskNo ? (Filter with { TaskNo = taskNo }, null)
            : await jobs.ExistsAsync(job, cancellationToken) ? (Filter, new(ProblemKind.TaskNotFound, $"The job {job} has no task '{TaskName}'."))
            : (Filter, new(ProblemKind.JobNotFound, $"There is no job {job}."));
    }
}

/// <summary>Reads the parameters that narrow the journal: for the list of events and their stream, and for the list of attempts.</summary>
internal static class JournalFilterReader
{
    private static readonly string[] Levels = [.. Enum.GetValues<EventLevel>().Select(EventCatalogue.WireName)];
    private static readonly string[] Sources = [ExecutionSources.NormalTrigger, ExecutionSources.Failover, ExecutionSources.Retry, ExecutionSources.Manual];

    /// <summary>Describes the parameters of events.</summary>
    internal static RouteHandlerBuilder WithEventFilter(this RouteHandlerBuilder endpoint) => endpoint
        .WithQuery("env", JsonSchemaType.String, "Events of this environment and its nodes.")
        .WithQuery("subscription", JsonSchemaType.String, "Events of this subscription, also one that was deleted.")
        .WithQuery("level", JsonSchemaType.String, "`job`, `task`, `task_instance`, `compute_env`, `compute_node`, `subscription`; several joined by commas.")
        .WithQuery("name", JsonSchemaType.String, "Names of events in any spelling, joined by commas.")
        .WithQuery("state", JsonSchemaType.String, "States entered, joined by commas.")
        .WithQuery("source", JsonSchemaType.String, "`engine`, `agent`, `user`, or `user:<key name>`.")
        .WithQuery("text", JsonSchemaType.String, "What reason or details contain, in any case.")
        .WithQuery("since", JsonSchemaType.String, "Not before this time, such as 2025-10-09T08:53:20Z.")
        .WithQuery("until", JsonSchemaType.String, "Before this time.")
        .WithAttemptFilter();

    /// <summary>Describes the parameters of attempts.</summary>
    internal static RouteHandlerBuilder WithExecutionFilter(this RouteHandlerBuilder endpoint) => endpoint
        .WithQuery("env", JsonSchemaType.String, "On nodes of this environment.")
        .WithQuery("text", JsonSchemaType.String, "What the failure cause contains, in any case; of those that ended.")
        .WithQuery("since", JsonSchemaType.String, "Ended not before this time, or not yet; such as 2025-10-09T08:53:20Z.")
        .WithQuery("until", JsonSchemaType.String, "Ended before this time.")
        .WithQuery("started_since", JsonSchemaType.String, "The command began not before this time.")
        .WithQuery("started_until", JsonSchemaType.String, "The command began before this time.")
        .WithAttemptFilter();

    private static RouteHandlerBuilder WithAttemptFilter(this RouteHandlerBuilder endpoint) => endpoint
        .WithQuery("job", JsonSchemaType.String, "Of this job.")
        .WithQuery("job_name", JsonSchemaType.String, "Of jobs of this name; with `*` behind it: of names that begin so.")
        .WithQuery("task", JsonSchemaType.String, "Of this task; with `job`.")
        .WithQuery("index", JsonSchemaType.Integer, "Of this instance; with `task`.")
        .WithQuery("attempt", JsonSchemaType.Integer, "Of attempts of this number, from 1.")
        .WithQuery("execution", JsonSchemaType.String, "Of the attempt of this `execution_id`; instead of `job`, `task`, `index` and `attempt`.")
        .WithQuery("execution_source", JsonSchemaType.String, "Of attempts made for this: `NORMAL_TRIGGER`, `FAILOVER`, `RETRY`, `MANUAL`, joined by commas.")
        .WithQuery("node", JsonSchemaType.String, "The node concerned.")
        .WithQuery("host", JsonSchemaType.String, "Name or IP address of the host of the node concerned.");

    /// <summary>Reads what narrows events.</summary>
    internal static FilterReading ReadEvents(QueryReader query, ProblemList problems)
    {
        var reading = ReadAttempt(query, problems);
        var (environment, subscription) = (query.Text("env"), query.Text("subscription"));
        var isOfJob = reading.Filter.SubjectId is not null || reading.Filter.JobName is not null;
        if (environment is not null && isOfJob)
        {
            problems.Add("?env", ItemCodes.ValueUnknown, "Expected a job or an environment, given both: no event is of both.");
        }

        if (subscription is not null && (isOfJob || environment is not null))
        {
            problems.Add("?subscription", ItemCodes.ValueUnknown, "Expected a subscription, or a job or environment, given both: no event is of both.");
        }

        var (levels, names) = (query.Parts("level"), query.Parts("name"));
        Check(levels, Levels, "level", problems);
        foreach (var name in names.Where(name => !Levels.Any(level => IsOf(name, level))))
        {
            problems.Add("?name", ItemCodes.EventUnknown, $"\"{name}\" is no event: names begin with what they are about, as JOB_FAILED does.");
        }

        return reading with
        {
            Filter = reading.Filter with
            {
                SubjectId = reading.Filter.SubjectId ?? environment ?? subscription,
                Levels = levels,
                Names = names,
                States = query.Parts("state"),
                Source = query.Text("source"),
            },
        };
    }

    /// <summary>Reads what narrows attempts, but for their results.</summary>
    internal static FilterReading ReadExecutions(QueryReader query, ProblemList problems)
    {
        var reading = ReadAttempt(query, problems);
        return reading with
        {
            Filter = reading.Filter with
            {
                EnvId = query.Text("env"),
                StartedSince = query.Instant("started_since"),
                StartedUntil = query.Instant("started_until"),
            },
        };
    }

    /// <summary>Names words that are not known.</summary>
    internal static void Check(IReadOnlyList<string> words, IReadOnlyList<string> known, string parameter, ProblemList problems)
    {
        foreach (var word in words.Where(word => !known.Contains(word)))
        {
            problems.Add($"?{parameter}", ItemCodes.ValueUnknown, $"Expected {string.Join(", ", known)}, given \"{word}\".");
        }
    }

    /// <summary>What events and attempts have in common.</summary>
    private static FilterReading ReadAttempt(QueryReader query, ProblemList problems)
    {
        var (job, task, index, attempt) = (query.Text("job"), query.Text("task"), Number("index", 0), Number("attempt", 1));
        if (task is not null && job is null)
        {
            problems.Add("?task", ItemCodes.ValueUnknown, "Expected 'job' beside 'task': names of tasks are known within a job.");
        }

        if (index is not null && task is null)
        {
            problems.Add("?index", ItemCodes.ValueUnknown, "Expected 'task' beside 'index'.");
        }

        var name = query.Text("job_name");
        if (name is { Length: 0 })
        {
            problems.Add("?job_name", ItemCodes.TextInvalid, "Expected a name, or the beginning of names and '*'.");
        }

        var sources = query.Parts("execution_source");
        Check(sources, Sources, "execution_source", problems);
        var filter = new JournalFilter
        {
            SubjectId = job,
            JobName = NameFilter.Parse(name),
            InstanceIndex = index,
            Attempt = attempt,
            ExecutionSources = sources,
            NodeId = query.Text("node"),
            Host = query.Text("host"),
            Text = query.Text("text") is { Length: > 0 } text ? text : null,
            Since = query.Instant("since"),
            Until = query.Instant("until"),
        };
        if (query.Text("execution") is not { } id)
        {
            return new(filter, task);
        }

        if ((job, task, index, attempt) != (null, null, null, null))
        {
            problems.Add("?execution", ItemCodes.ValueUnknown, "Expected an execution, or 'job', 'task', 'index' and 'attempt', given both.");
        }

        if (ExecutionId.Parse(id) is not { } execution)
        {
            problems.Add("?execution", ItemCodes.ValueUnknown, $"Expected an execution_id, such as job-4yn0we13/0/3/1, given \"{id}\".");
            return new(filter, null);
        }

        return new(filter with { SubjectId = execution.JobId, TaskNo = execution.TaskNo, InstanceIndex = execution.Index, Attempt = execution.Attempt }, null);

        int? Number(string parameter, int min) => query.Text(parameter) is null ? null : (int)query.Number(parameter, min, int.MaxValue, min);
    }

    private static bool IsOf(string name, string level) => name.Replace("_", "", StringComparison.Ordinal).StartsWith(level.Replace("_", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
}
