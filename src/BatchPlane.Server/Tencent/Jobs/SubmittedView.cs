using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Contracts;
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

        return JobShapes.Job.WithDefaults(shown);
    }

    /// <summary>The member <c>Placement</c> of a request.</summary>
    internal static JsonNode Placement(string? tencent, MachineCatalogue catalogue) =>
        (tencent is null ? null : JsonNode.Parse(tencent)!["Placement"]?.DeepClone()) ?? new JsonObject { ["Zone"] = catalogue.DefaultZone, ["ProjectId"] = 0 };

    /// <summary>Zone of a request.</summary>
    internal static string Zone(string? tencent, MachineCatalogue catalogue) => Placement(tencent, catalogue)["Zone"]!.GetValue<string>();

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
