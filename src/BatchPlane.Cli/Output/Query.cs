using System.CommandLine;
using System.Globalization;

namespace BatchPlane.Cli.Output;

/// <summary>Builds the query of a list from options.</summary>
internal sealed class Query(string path)
{
    private readonly List<string> _parameters = [];

    /// <summary>Labels, as lists take them.</summary>
    internal static Option<string[]> Tags() => new("--tag")
    {
        HelpName = "KEY:VALUE",
        Description = "Only those with this label; KEY alone: with any value. May be repeated: with all of them.",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    /// <summary>What names begin with.</summary>
    internal static Option<string?> NamePrefix() => new("--name-prefix") { HelpName = "TEXT", Description = "Only those whose name begins with TEXT." };

    /// <summary>Adds a parameter, unless it has no value.</summary>
    internal Query With(string name, string? value)
    {
        if (value is not null)
        {
            _parameters.Add($"{name}={Uri.EscapeDataString(value)}");
        }

        return this;
    }

    /// <summary>As <see cref="With(string, string?)"/>.</summary>
    internal Query With(string name, int? value) => With(name, value?.ToString(CultureInfo.InvariantCulture));

    /// <summary>Adds a parameter several times.</summary>
    internal Query WithAll(string name, IEnumerable<string>? values)
    {
        foreach (var value in values ?? [])
        {
            With(name, value);
        }

        return this;
    }

    /// <inheritdoc />
    public override string ToString() => _parameters.Count == 0 ? path : $"{path}?{string.Join('&', _parameters)}";
}
