using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Events;

/// <summary><c>GET /v1/executions</c>: attempts. Those that ended, by the journal; those that run, by what nodes hold; both together sorted.</summary>
internal static class ListExecutions
{
    private const string Own = "complete_time";

    private static readonly Dictionary<string, JournalSort> Sorts = new(StringComparer.Ordinal)
    {
        ["start_time"] = JournalSort.StartTime,
        ["duration"] = JournalSort.Duration,
        ["result"] = JournalSort.Result,
    };

    private static readonly string[] Results =
    [
        ExecutionResults.Success, ExecutionResults.Failure, ExecutionResults.Killed, ExecutionResults.Lost, ExecutionResults.Returned, ExecutionResults.Running,
    ];

    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/executions", HandleAsync)
        .WithName("ListExecutions").WithTags("events").WithSummary("Attempts with begin, end, result and lineage")
        .WithDescription("Attempts that ended, in the order of their ends; with `result=RUNNING` those that nodes hold now, in the order of their grants; with `RUNNING` among others both, those that run behind all ends.")
        .Produces<JournalPage<ExecutionView>>()
        .WithJournalPlace("`complete_time` (default), `start_time`, `duration` or `result`.")
        .WithQuery("result", JsonSchemaType.String, "`SUCCESS`, `FAILURE`, `KILLED`, `LOST`, `RETURNED`, `RUNNING`, joined by commas; default: all but `RUNNING`.")
        .WithExecutionFilter();

    private static async Task<IResult> HandleAsync(HttpContext context, JournalQueries journal, JournalSorting sorting, ExecutionQueries executions, JobQueries jobs, IOptions<ApiOptions> options)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var results = query.Parts("result");
        JournalFilterReader.Check(results, Results, "result", problems);
        var withRunning = results.Contains(ExecutionResults.Running);
        IReadOnlyList<string> ended = [.. results.Where(result => result != ExecutionResults.Running)];
        var page = JournalPlaces.Read(query, problems, options.Value, Own, Sorts);
        var reading = JournalFilterReader.ReadExecutions(query, problems);
        reading = reading with { Filter = reading.Filter with { Results = withRunning && ended.Count == 0 ? null : ended } };

        // Both together are in no order that is stored; what runs alone is in that of the grants, unless another one was asked for.
        var list = page.Sort is not null || (withRunning && (ended.Count > 0 || query.Text("sort") is not null)) ? Sorted() : withRunning ? Running() : Ended();
        query.RefuseOthers();
        if (problems.Any)
        {
            return ProblemResult.Invalid(problems.Items);
        }

        var (filter, refusal) = await reading.ResolveAsync(journal, jobs, context.RequestAborted);
        return refusal ?? await list(filter);

        Func<JournalFilter, Task<IResult>> Sorted()
        {
            var sorted = (page with { Sort = page.Sort ?? JournalSort.Time }).Sorted(query);
            return async filter => JournalPlaces.Answer(await sorting.ExecutionsAsync(filter, withRunning, sorted, context.RequestAborted), sorted);
        }

        Func<JournalFilter, Task<IResult>> Ended()
        {
            var after = query.PlaceOf(JournalPlaces.After, JournalCursor.Decode);
            return async filter => SearchEvents.Answer(await journal.ExecutionsAsync(filter, after, page.Backwards, page.Limit, context.RequestAborted), (view, _) => view);
        }

        Func<JournalFilter, Task<IResult>> Running()
        {
            var after = query.PlaceOf(JournalPlaces.After, Decode) ?? default;
            if (page.Backwards)
            {
                problems.Add("?order", ItemCodes.ValueUnknown, "Expected asc: what runs is in the order of the grants; give 'sort' for another one.");
            }

            return async filter =>
            {
                var found = await executions.RunningAsync(filter, after, page.Limit + 1, context.RequestAborted);
                var items = found.Take(page.Limit).ToList();
                var next = items.Count > 0 ? items[^1].Place : after;
                return TypedResults.Json(new JournalPage<ExecutionView>([.. items.Select(item => item.View)], Encode(next), found.Count > page.Limit), BatchPlaneJson.Options);
            };
        }
    }

    private static string Encode(RunningPlace place) => Cursor.Encode(place.ClaimId.ToString(CultureInfo.InvariantCulture), place.Index.ToString(CultureInfo.InvariantCulture));

    private static RunningPlace? Decode(string cursor) =>
        Cursor.Decode(cursor, 2) is { } parts
        && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var claimId)
        && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? new(claimId, index)
            : null;
}
