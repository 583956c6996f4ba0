using BatchPlane.Core.Notifications;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Events;

/// <summary>Reads the parameters that narrow the journal, for its list and its stream alike.</summary>
internal static class JournalFilterReader
{
    private static readonly string[] Levels = [.. Enum.GetValues<EventLevel>().Select(EventCatalogue.WireName)];

    /// <summary>Describes the parameters.</summary>
    internal static RouteHandlerBuilder WithJournalFilter(this RouteHandlerBuilder endpoint) => endpoint
        .WithQuery("job", JsonSchemaType.String, "Events of this job.")
        .WithQuery("env", JsonSchemaType.String, "Events of this environment and its nodes.")
        .WithQuery("level", JsonSchemaType.String, "`job`, `task`, `task_instance`, `compute_env`, `compute_node`; several joined by commas.")
        .WithQuery("name", JsonSchemaType.String, "Names of events in any spelling, joined by commas.")
        .WithQuery("state", JsonSchemaType.String, "States entered, joined by commas.")
        .WithQuery("source", JsonSchemaType.String, "`engine`, `agent`, `user`, or `user:<key name>`.")
        .WithQuery("node", JsonSchemaType.String, "The node concerned.")
        .WithQuery("text", JsonSchemaType.String, "What reason or details contain, in any case.")
        .WithQuery("since", JsonSchemaType.String, "Not before this time, such as 2025-10-09T08:53:20Z.")
        .WithQuery("until", JsonSchemaType.String, "Before this time.");

    internal static JournalFilter Read(QueryReader query, ProblemList problems)
    {
        var job = query.Text("job");
        var environment = query.Text("env");
        if (job is not null && environment is not null)
        {
            problems.Add("?env", ItemCodes.ValueUnknown, "Expected a job or an environment, given both: no event is of both.");
        }

        var levels = query.Parts("level");
        foreach (var level in levels.Where(level => !Levels.Contains(level)))
        {
            problems.Add("?level", ItemCodes.ValueUnknown, $"Expected one of {string.Join(", ", Levels)}, given \"{level}\".");
        }

        var filter = new JournalFilter
        {
            SubjectId = job ?? environment,
            Levels = levels,
            Names = query.Parts("name"),
            States = query.Parts("state"),
            Source = query.Text("source"),
            NodeId = query.Text("node"),
            Text = query.Text("text") is { Length: > 0 } text ? text : null,
            Since = query.Instant("since"),
            Until = query.Instant("until"),
        };
        foreach (var name in query.Parts("name").Where(name => !Levels.Any(level => IsOf(name, level))))
        {
            problems.Add("?name", ItemCodes.EventUnknown, $"\"{name}\" is no event: names begin with what they are about, as JOB_FAILED does.");
        }

        return filter;
    }

    private static bool IsOf(string name, string level) => name.Replace("_", "", StringComparison.Ordinal).StartsWith(level.Replace("_", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
}
