namespace BatchPlane.Cli.Connections;

/// <summary>Which server to talk to, and with which key.</summary>
/// <param name="Server">Base URL.</param>
/// <param name="ApiKey">Bearer key; null when the server wants none.</param>
internal sealed record Connection(Uri Server, string? ApiKey)
{
    /// <summary>Variable with the server's base URL.</summary>
    internal const string ServerVariable = "BATCHPLANE_SERVER";

    /// <summary>Variable with the API key.</summary>
    internal const string ApiKeyVariable = "BATCHPLANE_API_KEY";

    /// <summary>
    /// The first of: <paramref name="server"/>, the stack in <paramref name="devDirectory"/>, the variable, the stack in the
    /// default directory. A key given by option always counts; otherwise it comes from where the server came from.
    /// </summary>
    /// <exception cref="UsageException">None of them names a server, or the URL is not one.</exception>
    internal static Connection Resolve(string? server, string? apiKey, string? devDirectory, CliContext context)
    {
        if (server is not null)
        {
            return new Connection(ParseUrl(server, "--server"), apiKey ?? context.Variable(ApiKeyVariable));
        }

        if (devDirectory is not null)
        {
            var info = DevInfo.Read(context.Resolve(devDirectory))
                ?? throw new UsageException($"no stack is running in {devDirectory}: it has no {DevInfo.FileName}. Start one with: batchplane dev --data {devDirectory}");
            return new Connection(ParseUrl(info.HttpUrl, "dev.json"), apiKey ?? info.ApiKey);
        }

        if (context.Variable(ServerVariable) is { } variable)
        {
            return new Connection(ParseUrl(variable, ServerVariable), apiKey ?? context.Variable(ApiKeyVariable));
        }

        if (DevInfo.Read(context.Resolve(DevInfo.DefaultDirectory)) is { } local)
        {
            return new Connection(ParseUrl(local.HttpUrl, "dev.json"), apiKey ?? local.ApiKey);
        }

        throw new UsageException(
            $"no server given. Name one with --server URL or {ServerVariable}, or start one here with: batchplane dev");
    }

    private static Uri ParseUrl(string text, string source) =>
        Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new UsageException($"{source}: '{text}' is not a URL such as http://127.0.0.1:8080");
}
