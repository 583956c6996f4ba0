using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Tencent.Catalogue;

namespace BatchPlane.Server.Tencent.Jobs;

/// <summary>What was submitted, in Tencent's words: as it came, or made from BatchPlane's own document where it came by another way.</summary>
internal static class SubmittedView
{
    /// <summary>The member <c>Job</c> of the request, defaults filled in.</summary>
    internal static JsonObject Job(SubmittedJob job)
    {
        var shown = job.Tencent is { } tencent
            ? (JsonObject)JsonNode.Parse(tencent)!["Job"]!
            : JobShapes.Job.FromNative(JsonSerializer.Deserialize<JsonElement>(job.Document));
        if (job.Tencent is null)
        {
            AddCommands(shown, JsonSerializer.Deserialize<JobDocument>(job.Document, BatchPlaneJson.Options)!);
        }
        else if (shown["Tasks"] is JsonArray and [JsonObject only] && only["TaskName"] is null)
        {
            // The only task of a job needs no name; it has one then, by which it is asked for.
            only["TaskName"] = TaskNames.Default;
        }

        return JobShapes.Job.WithDefaults(shown);
    }

    /// <summary>The member <c>Placement</c> of a request, as it is stored; where it came by another way, that of such.</summary>
    internal static JsonNode Placement(string? placement, MachineCatalogue catalogue) =>
        (placement is null ? null : JsonNode.Parse(placement)) ?? new JsonObject { ["Zone"] = catalogue.DefaultZone, ["ProjectId"] = 0 };

    /// <summary>Zone of a placement.</summary>
    internal static string Zone(string? placement, MachineCatalogue catalogue) => Placement(placement, catalogue)["Zone"]!.GetValue<string>();

    /// <summary>An argument vector has no field of its own: it is shown as the command line that would run it.</summary>
    private static void AddCommands(JsonObject shown, JobDocument document)
    {
        foreach (var (index, task) in document.Tasks.Index())
        {
            if (task.Application.Argv is { } argv && shown["Tasks"]?[index]?["Application"] is JsonObject application)
            {
                application["Command"] = string.Join(' ', argv.Select(Quote));
            }
        }
    }

    private static string Quote(string argument) => argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || "_-./:=,+@%".Contains(c, StringComparison.Ordinal))
        ? argument
        : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
