using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Statistics;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Events;

/// <summary><c>GET /v1/statistics</c>: what ended by day, job name or environment. A few seconds behind the journal.</summary>
internal static class GetStatistics
{
    private const int DefaultDays = 7;
    private const string DayFormat = "yyyy-MM-dd";
    private static readonly DateOnly FirstDay = new(1970, 1, 1);
    private static readonly DateOnly LastDay = new(9998, 12, 31);

    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/statistics", HandleAsync)
        .WithName("GetStatistics").WithTags("events").WithSummary("What ended, by day, job name or environment")
        .WithDescription("Counts of jobs and attempts. Added up from the journal, `Journal.StatisticsInterval` behind it, and kept for `Journal.StatisticsDays`. A job counts in the environment of its first task.")
        .Produces<Page<StatisticsView>>()
        .WithPaging()
        .WithQuery("by", JsonSchemaType.String, "`day` (default), `job` (by name) or `env`.")
        .WithQuery("from", JsonSchemaType.String, "First day, such as 2025-10-09; UTC. Default: seven days up to `to`.")
        .WithQuery("to", JsonSchemaType.String, "Last day, itself included. Default: today.")
        .WithQuery("env", JsonSchemaType.String, "Of this environment.")
        .WithQuery("job_name", JsonSchemaType.String, "Of jobs of this name.");

    private static async Task<IResult> HandleAsync(HttpContext context, StatisticsStore statistics, TimeProvider time, IOptions<ApiOptions> options, IOptions<JournalOptions> journal)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var limit = query.Limit(options.Value);
        var by = query.Text("by") ?? "day";
        if (by is not ("day" or "job" or "env"))
        {
            problems.Add("?by", ItemCodes.ValueUnknown, $"Expected day, job or env, given \"{by}\".");
        }

        var last = Day("to") ?? DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var first = Day("from") ?? last.AddDays(1 - DefaultDays);
        if (first > last || last.DayNumber - first.DayNumber > journal.Value.StatisticsDays)
        {
            problems.Add("?from", ItemCodes.OutOfRange, FormattableString.Invariant($"Expected a day not behind 'to', and at most {journal.Value.StatisticsDays} before it."));
        }

        var key = by == "job" ? StatisticsKey.Job : by == "env" ? StatisticsKey.Env : StatisticsKey.Day;
        var wanted = new StatisticsQuery(key, first, last, query.Text("env"), query.Text("job_name"));
        var after = query.Cursor(parts: 2);
        if (key == StatisticsKey.Day && after is not null && !IsDay(after[1][1..], out _))
        {
            problems.Add("?cursor", ItemCodes.CursorInvalid, "Expected a next_cursor of this list.");
        }

        query.RefuseOthers();
        return problems.Any
            ? ProblemResult.Invalid(problems.Items)
            : ApiResults.Page(await statistics.ListAsync(wanted, after?[1][1..], limit + 1, context.RequestAborted), limit, item => Cursor.Encode(by, $":{item.Key}"));

        DateOnly? Day(string name)
        {
            if (query.Text(name) is not { } text)
            {
                return null;
            }

            if (IsDay(text, out var day))
            {
                if (day >= FirstDay && day <= LastDay)
                {
                    return day;
                }

                problems.Add($"?{name}", ItemCodes.OutOfRange, $"Expected a day from {FirstDay.ToString(DayFormat, CultureInfo.InvariantCulture)} to {LastDay.ToString(DayFormat, CultureInfo.InvariantCulture)}, given \"{text}\".");
                return null;
            }

            problems.Add($"?{name}", ItemCodes.InstantInvalid, $"Expected a day such as 2025-10-09, given \"{text}\".");
            return null;
        }
    }

    private static bool IsDay(string text, out DateOnly day) => DateOnly.TryParseExact(text, DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out day);
}
