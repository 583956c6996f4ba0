using System.Text.Json;
using System.Text.Json.Serialization;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Connections;

/// <summary>Contents of <c>DIR/dev.json</c>: how to reach a stack started by <c>batchplane dev</c>. Exists only while the stack is ready.</summary>
internal sealed record DevInfo
{
    /// <summary>File name below the stack's directory.</summary>
    internal const string FileName = "dev.json";

    /// <summary>Where <c>batchplane dev</c> keeps its stack unless told otherwise, relative to the current directory.</summary>
    internal const string DefaultDirectory = ".batchplane/dev";

    /// <summary>Base URL of the REST API.</summary>
    public required string HttpUrl { get; init; }

    /// <summary>Base URL of the Tencent façade; null in the file of an earlier version, which had none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? TencentUrl { get; init; }

    /// <summary>Connection URI of the private RabbitMQ, credentials included.</summary>
    public required string AmqpUrl { get; init; }

    /// <summary>Connection URI of the private PostgreSQL, credentials included.</summary>
    public required string PostgresUrl { get; init; }

    /// <summary>Key for <c>Authorization: Bearer</c>.</summary>
    public required string ApiKey { get; init; }

    /// <summary>Id for signed requests.</summary>
    public required string SecretId { get; init; }

    /// <summary>Secret for signed requests.</summary>
    public required string SecretKey { get; init; }

    /// <summary>Reads <c>dev.json</c> of a stack's directory; null when there is none, that is, when no stack is ready there.</summary>
    /// <exception cref="UsageException">The file is there but is not a dev.json.</exception>
    internal static DevInfo? Read(string directory)
    {
        var path = Path.Combine(directory, FileName);
        try
        {
            return JsonSerializer.Deserialize<DevInfo>(File.ReadAllBytes(path), BatchPlaneJson.Options);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw new UsageException($"{path} is not a dev.json: {e.Message}");
        }
    }
}
