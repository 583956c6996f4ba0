using System.Text.Json;
using BatchPlane.Cli.Connections;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Output;

/// <summary><c>-o json</c>.</summary>
internal static class Json
{
    /// <summary>One document, indented.</summary>
    internal static void Write(CliContext context, object document) =>
        context.Out.WriteLine(JsonSerializer.Serialize(document, document.GetType(), BatchPlaneJson.Indented));

    /// <summary>One document on one line, for streams.</summary>
    internal static void WriteLine(CliContext context, JsonElement document) =>
        context.Out.WriteLine(JsonSerializer.Serialize(document, BatchPlaneJson.Options));

    /// <summary>A list, as an array of whole documents.</summary>
    internal static void WriteAll<T>(CliContext context, IEnumerable<Answer<T>> items) =>
        Write(context, items.Select(item => item.Json).ToArray());
}
