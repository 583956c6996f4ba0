using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using BatchPlane.Agent.Files;
using BatchPlane.Contracts;
using BatchPlane.Server.Configuration;

namespace BatchPlane.Server.Tests.Configuration;

/// <summary>Describes settings and options: docs/configuration.md is made of this and of nothing else.</summary>
internal static partial class ConfigurationDocument
{
    private const string Introduction = """
        # Configuration

        Made from `ServerSettings` and the options classes listed in `OptionsSections`; a test compares.

        `batchplane server` takes each setting from its command line, else from a variable, else from the JSON file named by `--config`
        (see [cli.md](cli.md)). What is missing, unknown or out of range stops the start, with every problem named. Nothing is read again
        while it runs. `batchplane agent` is configured by its command line, and by [variables](#agents-files) for files; it learns the rest from the server.

        In the file, options and log levels stand in sections:

        ```json
        {
          "postgres": "Host=db;Username=batchplane;Password=…;Database=batchplane",
          "options": { "Journal": { "RetentionDays": 30 }, "Dispatch": { "PollInterval": "00:00:00.500" } },
          "serilog": { "MinimumLevel": { "Default": "Debug" } }
        }
        ```
        """;

    internal static string Text()
    {
        var text = new StringBuilder(Introduction).Append('\n');
        AddSettings(text);
        text.Append("\n## Options\n\nEverything has a default that suits a small installation. Durations are written `[d.]hh:mm:ss[.fff]`.\n");
        foreach (var section in OptionsSections.All)
        {
            AddSection(text, section.Name, section.GetType().GenericTypeArguments[0]);
        }

        AddAgentFiles(text);
        return text.ToString();
    }

    private static void AddSettings(StringBuilder text)
    {
        var summaries = new XmlSummaries(typeof(ServerSettings).Assembly);
        var defaults = new ServerSettings { Postgres = "", RabbitMq = new("amqp://localhost"), DataDirectory = "" };
        text.Append("\n## Settings\n\n| variable | default | meaning |\n|---|---|---|\n");
        foreach (var property in typeof(ServerSettings).GetProperties().Where(property => property.CanWrite))
        {
            var meaning = summaries.Of(property);
            var variable = Variable().Match(meaning).Value;
            var standard = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required" : Shown(property.GetValue(defaults));
            text.Append($"| {(variable.Length > 0 ? $"`{variable}`" : "")} | {standard} | {Cell(meaning)} |\n");
        }
    }

    private static void AddSection(StringBuilder text, string name, Type type)
    {
        var summaries = new XmlSummaries(type.Assembly);
        var defaults = Activator.CreateInstance(type);
        text.Append($"\n### {name}\n\n{summaries.Of(type)}\n\n| key | variable | type | range | default | meaning |\n|---|---|---|---|---|---|\n");
        foreach (var property in type.GetProperties().Where(property => property.CanWrite))
        {
            var key = $"{name}.{property.Name}";
            var variable = $"BATCHPLANE_OPTIONS__{name}__{property.Name}".ToUpperInvariant();
            text.Append($"| `{key}` | `{variable}` | {Word(property.PropertyType)} | {RangeOf(property)} | {Shown(property.GetValue(defaults))} | {Cell(summaries.Of(property))} |\n");
        }
    }

    private static void AddAgentFiles(StringBuilder text)
    {
        var summaries = new XmlSummaries(typeof(StagingOptions).Assembly);
        var defaults = new StagingOptions();
        text.Append($"\n## Agents: files\n\n{summaries.Of(typeof(StagingOptions))} See [files.md](files.md).\n\n| variable | type | range | default | meaning |\n|---|---|---|---|---|\n");
        foreach (var property in typeof(StagingOptions).GetProperties().Where(property => property.CanWrite))
        {
            var variable = AgentVariables.Files + property.Name.ToUpperInvariant();
            text.Append($"| `{variable}` | {Word(property.PropertyType)} | {RangeOf(property)} | {Shown(property.GetValue(defaults))} | {Cell(summaries.Of(property))} |\n");
        }
    }

    private static string Word(Type type) => type switch
    {
        _ when type == typeof(bool) => "boolean",
        _ when type == typeof(string) => "text",
        _ when type == typeof(int) || type == typeof(long) => "whole number",
        _ when type == typeof(double) => "number",
        _ when type == typeof(TimeSpan) => "duration",
        _ when type.IsEnum => "word",
        _ => throw new NotSupportedException($"No word for {type}."),
    };

    private static string RangeOf(PropertyInfo property)
    {
        if (property.PropertyType.IsEnum)
        {
            return string.Join(", ", Enum.GetValues(property.PropertyType).Cast<object>().Select(value => $"`{Shown(value)}`"));
        }

        if (property.GetCustomAttribute<StringLengthAttribute>() is { } length)
        {
            return $"{length.MinimumLength} to {length.MaximumLength} characters";
        }

        return property.GetCustomAttribute<RangeAttribute>() is { } range ? $"{Shown(range.Minimum)} to {Shown(range.Maximum)}" : "";
    }

    private static string Shown(object? value) => value switch
    {
        null => "none",
        bool flag => flag ? "true" : "false",
        Enum word => word.ToString().ToLowerInvariant(),
        IEnumerable<string> list => string.Join(";", list),
        int or long or double => ((IFormattable)value).ToString("#,0.###", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    [GeneratedRegex("BATCHPLANE_[A-Z_]+")]
    private static partial Regex Variable();
}
