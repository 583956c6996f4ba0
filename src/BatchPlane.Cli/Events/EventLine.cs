using System.Text.Json;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Events;

/// <summary>Events as lines.</summary>
internal static class EventLine
{
    /// <summary>Writes an event of one job, or with <paramref name="withSubject"/> one of many: as a line for people, or as its document.</summary>
    internal static void Write(ClientCall call, EventView row, JsonElement json, bool withSubject)
    {
        if (call.AsJson)
        {
            Json.WriteLine(call.Context, json);
        }
        else
        {
            call.Context.Out.WriteLine(withSubject ? $"{Show.Time(row.OccurredAt)[..10]}  {row.SubjectId,-12} {Line(row)}" : Line(row));
        }
    }

    /// <summary><c>    7  08:53:20.123  TASK_INSTANCE_FAILED  count[3] attempt 1 on node-… exit 2 (exit_code): …  -> job-message</c>.</summary>
    private static string Line(EventView row)
    {
        var subject = row.TaskInstanceIndex is { } index ? $"{row.TaskName}[{index}]" : row.TaskName;
        string?[] parts =
        [
            subject,
            row.Attempt is { } attempt ? $"attempt {attempt}" : null,
            row.ComputeNodeId is { } node ? $"on {node}" : null,
            Posted(row.Details),
            row.ExitCode is { } code ? $"exit {code}" : null,
            row.Cause is { } cause and not Cause.Succeeded ? $"({Show.Word(cause)})" : null,
            string.IsNullOrEmpty(row.Reason) ? null : row.Reason.ReplaceLineEndings(" "),
            row.Topics.Count == 0 ? null : "-> " + string.Join(", ", row.Topics),
        ];
        return $"{row.Sequence,5}  {Show.Clock(row.OccurredAt)}  {row.EventName,-26} {string.Join(' ', parts.OfType<string>())}".TrimEnd();
    }

    /// <summary>What a command posted: <c>50% half way</c>, or <c>checkpoint {"step":3}</c>.</summary>
    private static string? Posted(JsonElement? details)
    {
        if (details?.Deserialize<PostedDetails>(BatchPlaneJson.Options) is not { } posted)
        {
            return null;
        }

        return posted.Name is { } name ? $"{name} {posted.Data}".TrimEnd() : Show.Posted(posted.Percent, posted.Message)?.ReplaceLineEndings(" ");
    }

    private sealed record PostedDetails(double? Percent, string? Message, string? Name, JsonElement? Data);
}
