using Microsoft.Extensions.Configuration;

namespace BatchPlane.Cli.Hosting;

/// <summary>
/// The file of <c>batchplane server --config</c>: a JSON object with the names of the variables in lower case and without
/// their prefix (<c>"postgres"</c>, <c>"join_token"</c>), and the sections <c>"options"</c>, <c>"listeners"</c> and <c>"serilog"</c>.
/// </summary>
internal static class SettingsFile
{
    private static readonly HashSet<string> Known = new(
        ServerVariables.OfServer.Select(variable => variable[ServerVariables.Prefix.Length..]).Concat(["OPTIONS", "LISTENERS", "SERILOG"]),
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads the file.</summary>
    /// <exception cref="UsageException">It cannot be read, is not a JSON object, or has members that mean nothing.</exception>
    internal static IConfiguration Read(string path)
    {
        IConfigurationRoot file;
        try
        {
            file = new ConfigurationBuilder().AddJsonFile(path, optional: false, reloadOnChange: false).Build();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or InvalidDataException)
        {
            throw new UsageException($"{path}: {(e.InnerException ?? e).Message}");
        }

        var unknown = file.GetChildren().Select(section => section.Key).Where(key => !Known.Contains(key)).ToArray();
        return unknown.Length == 0
            ? file
            : throw new UsageException($"{path}: unknown settings: {string.Join(", ", unknown)}");
    }
}
