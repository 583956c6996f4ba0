using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Events;

/// <summary><c>GET /v1/executions</c>: attempts. Those that ended, by the journal; those that run, with <c>result=RUNNING</c>, by what nodes hold.</summary>
internal static class ListExecutions
{
    private const string ByEnd = "complete_time";

    private static readonly Dictionary<string, ExecutionSort> Sorts = new(StringComparer.Ordinal)
    {
        ["start_time"] = ExecutionSort.StartTime,
        ["duration"] = ExecutionSort.Duration,
        ["result"] = ExecutionSort.Result,
    };

    private static readonly string[] Ended = [ExecutionResults.Success, ExecutionResults.Failure, ExecutionResults.Killed, ExecutionResults.Lost, ExecutionResults.Returned];
    private static readonly string[] Sources = [ExecutionSources.NormalTrigger, ExecutionSources.Failover, ExecutionSources.Retry, ExecutionSources.Manual];

    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/executions", HandleAsync)
        .WithName("ListExecutions").WithTags("events").WithSummary("Attempts with begin, end, result and lineage")
        .WithDescription("Attempts that ended, in the order of their ends; with `result=RUNNING` those that nodes hold now, in the order of their grants.")
        .Produces<JournalPage<ExecutionView>>()
        .WithJournalPlace()
        .WithQuery("sort", JsonSchemaType.String, "`complete_time` (default), or of those that ended: `start_time`, `duration`, `result`. Such a list has to be narrowed by `job`, `since` or `until` where there are more than `Journal.SortRows`.")
        .WithQuery("result", JsonSchemaType.String, "`SUCCESS`, `FAILURE`, `KILLED`, `LOST`, `RETURNED`, joined by commas; or `RUNNING` alone.")
        .WithQuery("execution_source", JsonSchemaType.String, "`NORMAL_TRIGGER`, `FAILOVER`, `RETRY`, `MANUAL`, joined by commas; of those that ended.")
        .WithQuery("job", JsonSchemaType.String, "Of this job.")
        .WithQuery("task", JsonSchemaType.String, "Of this task; with `job`.")
        .WithQuery("index", JsonSchemaType.Integer, "Of this instance; with `task`.")
        .WithQuery("node", JsonSchemaType.String, "On this node.")
        .WithQuery("text", JsonSchemaType.String, "What the failure cause contains, in any case; of those that ended.")
        .WithQuery("since", JsonSchemaType.String, "Ended not before this time.")
        .WithQuery("until", JsonSchemaType.String, "Ended before this time.");

    private static async Task<IResult> HandleAsync(HttpContext context, JournalQueries journal, ExecutionSorting sorting, ExecutionQueries executions, JobQueries jobs, IOptions<ApiOptions> options)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var results = query.Parts("result");
        var isRunning = results.Contains(ExecutionResults.Running);
        var (job, task, index, node) = (query.Text("job"), query.Text("task"), query.Text("index") is null ? null : (int?)query.Number("index", 0, int.MaxValue, 0), query.Text("node"));
        Check(results, isRunning ? [ExecutionResults.Running] : Ended, "result");
        if (task is not null && job is null)
        {
            problems.Add("?task", ItemCodes.ValueUnknown, "Expected 'job' beside 'task': names of tasks are known within a job.");
        }

        if (index is not null && task is null)
        {
            problems.Add("?index", ItemCodes.ValueUnknown, "Expected 'task' beside 'index'.");
        }

        if (isRunning)
        {
            return await RunningAsync(new(job, task, index, node));
        }

        var sort = ReadSort(query, problems);
        var place = sort is null ? null : query.PlaceOf("after", SortedPlace);
        var (after, backwards, limit) = SearchEvents.ReadPlace(query, problems, options.Value, isPlace: sort is null);
        var sources = query.Parts("execution_source");
        Check(sources, Sources, "execution_source");
        var filter = new JournalFilter
        {
            SubjectId = job,
            NodeId = node,
            InstanceIndex = index,
            Results = results,
            ExecutionSources = sources,
            Text = query.Text("text") is { Length: > 0 } text ? text : null,
            Since = query.Instant("since"),
            Until = query.Instant("until"),
        };
        query.RefuseOthers();
        if (problems.Any)
        {
            return ProblemResult.Invalid(problems.Items);
        }

        if (task is not null)
        {
            if (await journal.FindTaskNoAsync(job!, task, context.RequestAborted) is not { } taskNo)
            {
                return await jobs.ExistsAsync(job!, context.RequestAborted)
                    ? new ProblemResult(ProblemKind.TaskNotFound, $"The job {job} has no task '{task}'.")
                    : new ProblemResult(ProblemKind.JobNotFound, $"There is no job {job}.");
            }

            filter = filter with { TaskNo = taskNo };
        }

        if (sort is { } by)
        {
            return await sorting.PageAsync(filter, by, backwards, place, limit, context.RequestAborted) is { } page
                ? TypedResults.Json(new JournalPage<ExecutionView>([.. page.Items.Select(item => item.View)], SortedCursor(page.Items is [.., var last] ? last.Place : place ?? (backwards ? ExecutionPlace.BehindAll : default)), page.More), BatchPlaneJson.Options)
                : ProblemResult.Invalid([new("?sort", ItemCodes.SortTooWide, "There are more executions than can be sorted: narrow them by 'job', 'since' or 'until', or leave 'sort' out.")]);
        }

        return SearchEvents.Answer(await journal.ExecutionsAsync(filter, after, backwards, limit, context.RequestAborted), (view, _) => view);

        void Check(IReadOnlyList<string> words, string[] known, string name)
        {
            foreach (var word in words.Where(word => !known.Contains(word)))
            {
                problems.Add($"?{name}", ItemCodes.ValueUnknown, $"Expected {string.Join(", ", known)}, given \"{word}\".");
            }
        }

        async Task<IResult> RunningAsync(RunningFilter wanted)
        {
            var begin = query.PlaceOf("after", RunningPlace) ?? default;
            var most = query.Limit(options.Value);
            query.RefuseOthers();
            if (problems.Any)
            {
                return ProblemResult.Invalid(problems.Items);
            }

            var found = await executions.RunningAsync(wanted, begin, most + 1, context.RequestAborted);
            var items = found.Take(most).ToList();
            var next = items.Count > 0 ? (items[^1].ClaimId, items[^1].View.TaskInstanceIndex) : begin;
            return TypedResults.Json(new JournalPage<ExecutionView>([.. items.Select(item => item.View)], RunningCursor(next), found.Count > most), BatchPlaneJson.Options);
        }
    }

    /// <summary>What to sort by; null: by the end, which is the order of the journal.</summary>
    private static ExecutionSort? ReadSort(QueryReader query, ProblemList problems)
    {
        var word = query.Text("sort") ?? ByEnd;
        if (word == ByEnd)
        {
            return null;
        }

        if (!Sorts.TryGetValue(word, out var sort))
        {
            problems.Add("?sort", ItemCodes.ValueUnknown, $"Expected {ByEnd}, {string.Join(", ", Sorts.Keys)}, given \"{word}\".");
        }

        return sort;
    }

    private static string SortedCursor(ExecutionPlace place) => Cursor.Encode(
        place.Value.ToString(CultureInfo.InvariantCulture),
        place.TxId.ToString(CultureInfo.InvariantCulture),
        place.EventNo.ToString(CultureInfo.InvariantCulture),
        place.Offset.ToString(CultureInfo.InvariantCulture));

    private static ExecutionPlace? SortedPlace(string cursor) =>
        Cursor.Decode(cursor, 4) is { } parts
        && long.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
        && ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var txId)
        && long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var eventNo)
        && int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            ? new ExecutionPlace(value, txId, eventNo, offset)
            : null;

    private static string RunningCursor((long ClaimId, int Index) place) =>
        Cursor.Encode(place.ClaimId.ToString(CultureInfo.InvariantCulture), place.Index.ToString(CultureInfo.InvariantCulture));

    private static (long ClaimId, int Index)? RunningPlace(string cursor) =>
        Cursor.Decode(cursor, 2) is { } parts
        && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var claimId)
        && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? (claimId, index)
            : null;
}
