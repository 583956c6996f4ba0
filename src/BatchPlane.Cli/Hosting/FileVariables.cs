using System.ComponentModel;
using System.Globalization;
using BatchPlane.Agent.Files;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Hosting;

/// <summary>Reads how an agent moves files from variables, which the process list does not show: some are secrets.</summary>
internal static class FileVariables
{
    /// <summary>The options. Variables that name none, or whose value cannot be read, are usage errors.</summary>
    internal static StagingOptions Read(CliContext context)
    {
        var options = new StagingOptions();
        var properties = typeof(StagingOptions).GetProperties().ToDictionary(property => AgentVariables.Files + property.Name.ToUpperInvariant(), StringComparer.Ordinal);
        foreach (var name in context.VariableNames().Where(name => name.StartsWith(AgentVariables.Files, StringComparison.Ordinal)))
        {
            if (context.Variable(name) is not { } value)
            {
                continue;
            }

            if (!properties.TryGetValue(name, out var property))
            {
                throw new UsageException($"{name} is not known; known are {string.Join(", ", properties.Keys.Order(StringComparer.Ordinal))}");
            }

            var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            try
            {
                property.SetValue(options, TypeDescriptor.GetConverter(type).ConvertFromString(null, CultureInfo.InvariantCulture, value));
            }
            catch (Exception e) when (e is ArgumentException or FormatException or NotSupportedException)
            {
                throw new UsageException($"{name}: the value cannot be read: {e.Message}");
            }
        }

        return options;
    }
}
