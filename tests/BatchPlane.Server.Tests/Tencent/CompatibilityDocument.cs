using System.Text;
using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Fields;
using BatchPlane.Server.Tencent.Wire;
using BatchPlane.Testing;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>The tables of docs/tencent-compatibility.md: made of the descriptions that requests are read by, and of nothing else.</summary>
internal static class CompatibilityDocument
{
    internal static string Tables(IEnumerable<ActionSpec> actions)
    {
        var specs = actions.OrderBy(action => action.Version, StringComparer.Ordinal).ThenBy(action => action.Name, StringComparer.Ordinal).ToList();
        var text = new StringBuilder("\n## Actions\n\n");
        foreach (var action in specs)
        {
            text.Append($"### {action.Name}\n\nVersion {action.Version}. {action.Note}".TrimEnd()).Append("\n\n");
            AddFields(text, action.Request);
        }

        text.Append("## Objects\n\n");
        foreach (var shape in ShapesOf(specs.Select(action => action.Request)).OrderBy(shape => shape.Name, StringComparer.Ordinal))
        {
            text.Append($"### {shape.Name}\n\n");
            AddFields(text, shape);
        }

        AddPublished(text);
        text.Append("### What BatchPlane refuses\n\nWhat BatchPlane refuses, by its own [codes](http-status-codes.md); what is not here is `InvalidParameterValue`.\n\n| BatchPlane | Tencent |\n|---|---|\n");
        foreach (var (own, code) in ErrorTable.OfKinds.Concat(ErrorTable.OfItems).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            text.Append($"| `{own}` | `{code}` |\n");
        }

        return text.Append('\n').ToString();
    }

    /// <summary>Every code of Tencent's reference for Batch: who answers it, or why nobody does.</summary>
    private static void AddPublished(StringBuilder text)
    {
        text.Append("## Errors\n\n### What Tencent publishes for Batch\n\nAll ").Append(PublishedErrors.Codes.Count).Append(" codes, and the actions that answer them here and by the reference. Those about the form of a request (`InvalidParameterValue`, `UnknownParameter` …) may come from any action.\n\n| code | where |\n|---|---|\n");
        foreach (var code in PublishedErrors.Codes)
        {
            text.Append($"| `{code}` | {Where(code)} |\n");
        }

        text.Append("\nBy the reference these actions may answer these codes too; here they do not.\n\n| action | code | because |\n|---|---|---|\n");
        foreach (var ((action, code), because) in PublishedErrors.NotThere)
        {
            text.Append($"| {action} | `{code}` | {because} |\n");
        }

        text.Append('\n');
    }

    private static string Where(string code) => PublishedErrors.Never.TryGetValue(code, out var because)
        ? $"never: {because}"
        : string.Join("; ", PublishedErrors.Pairs
            .Where(pair => pair.Code == code && !PublishedErrors.NotThere.ContainsKey(pair))
            .GroupBy(pair => PublishedErrors.NotAtWill.GetValueOrDefault(pair), pair => pair.Action)
            .Select(actions => string.Join(", ", actions) + (actions.Key is { } when ? $": {when}" : ".")));

    private static void AddFields(StringBuilder text, Shape shape)
    {
        if (shape.Fields.Count == 0)
        {
            text.Append("No fields.\n\n");
            return;
        }

        text.Append("| field | type | what becomes of it |\n|---|---|---|\n");
        foreach (var field in shape.Fields)
        {
            text.Append($"| `{field.Name}`{(field.IsRequired ? " *" : "")} | {TypeOf(field)} | {$"{WordOf(field.Treatment)}. {field.Note}".TrimEnd()} |\n");
        }

        text.Append('\n');
    }

    private static string TypeOf(Field field)
    {
        var type = field.Type switch
        {
            FieldType.Text => "text",
            FieldType.Integer => "number",
            FieldType.Flag => "true or false",
            FieldType.Record => $"[{field.Members!.Name}](#{field.Members.Name.ToLowerInvariant()})",
        };
        return field.IsList ? $"list of {type}" : type;
    }

    private static string WordOf(Treatment treatment) => treatment switch
    {
        Treatment.Honoured => "honoured",
        Treatment.Echoed => "stored and echoed",
        Treatment.Checked => "checked only",
        Treatment.Ignored => "ignored",
    };

    private static IEnumerable<Shape> ShapesOf(IEnumerable<Shape> shapes) => shapes
        .SelectMany(shape => shape.Fields.Select(field => field.Members).OfType<Shape>())
        .SelectMany(shape => ShapesOf([shape]).Prepend(shape))
        .DistinctBy(shape => shape.Name);
}
