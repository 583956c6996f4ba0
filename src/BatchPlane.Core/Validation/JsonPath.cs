using System.Globalization;
using System.Text.RegularExpressions;

namespace BatchPlane.Core.Validation;

/// <summary>Paths such as <c>$.tasks[1].task_name</c>, in the caller's own spelling of member names.</summary>
internal static partial class JsonPath
{
    /// <summary>The request itself.</summary>
    internal const string Root = "$";

    /// <summary>A member of the object at <paramref name="path"/>.</summary>
    internal static string Member(string path, string name) => PlainName().IsMatch(name)
        ? $"{path}.{name}"
        : $"{path}['{Shown.Clip(name).Replace("'", @"\'", StringComparison.Ordinal)}']";

    /// <summary>An element of the array at <paramref name="path"/>.</summary>
    internal static string Element(string path, int index) => string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]{0,63}\z")]
    private static partial Regex PlainName();
}
