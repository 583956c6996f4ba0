using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Hosting;

/// <summary>
/// Settings of <c>batchplane server</c> as one source gives them: the command line, the environment, or the file named by
/// <c>--config</c>. Members that a source does not give are null. In the file: the same names in snake_case; unknown ones are refused.
/// </summary>
internal sealed record ServerConfiguration
{
    /// <summary>Connection string of PostgreSQL.</summary>
    public string? Postgres { get; init; }

    /// <summary>URI of RabbitMQ, <c>amqp://user:password@host:5672/</c>.</summary>
    public string? Rabbitmq { get; init; }

    /// <summary>URLs to listen on.</summary>
    public IReadOnlyList<string>? Http { get; init; }

    /// <summary>Directory for what is not in PostgreSQL: logs of instances, local agents.</summary>
    public string? Data { get; init; }

    /// <summary>Secret that agents join with.</summary>
    public string? JoinToken { get; init; }

    /// <summary>True: no API key is asked for; only on loopback.</summary>
    public bool? NoAuth { get; init; }

    /// <summary>Which parts run here: <c>api</c>, <c>engine</c>, <c>dispatcher</c>.</summary>
    public IReadOnlyList<string>? Roles { get; init; }

    /// <summary>API key made at start when it is not there yet.</summary>
    public string? BootstrapApiKey { get; init; }

    /// <summary>Id of the first signing secret.</summary>
    public string? BootstrapSecretId { get; init; }

    /// <summary>The first signing secret.</summary>
    public string? BootstrapSecretKey { get; init; }

    /// <summary>Environment made at start when it is not there yet, for jobs that name none.</summary>
    public string? DefaultEnvironment { get; init; }

    /// <summary>Nodes of it, 0 to 2,000.</summary>
    public int? DefaultEnvironmentNodes { get; init; }

    /// <summary>Instances each of its nodes runs at once, 1 to 1,024.</summary>
    public int? DefaultEnvironmentSlots { get; init; }

    /// <summary>What the environment variables give.</summary>
    internal static ServerConfiguration FromVariables(CliContext context) => new()
    {
        Postgres = context.Variable(ServerVariables.Postgres),
        Rabbitmq = context.Variable(ServerVariables.RabbitMq),
        Http = List(context.Variable(ServerVariables.Http)),
        Data = context.Variable(ServerVariables.Data),
        JoinToken = context.Variable(ServerVariables.JoinToken),
        Roles = List(context.Variable(ServerVariables.Roles)),
        BootstrapApiKey = context.Variable(ServerVariables.BootstrapApiKey),
        BootstrapSecretId = context.Variable(ServerVariables.BootstrapSecretId),
        BootstrapSecretKey = context.Variable(ServerVariables.BootstrapSecretKey),
        DefaultEnvironment = context.Variable(ServerVariables.DefaultEnvironment),
        DefaultEnvironmentNodes = Number(context, ServerVariables.DefaultEnvironmentNodes),
        DefaultEnvironmentSlots = Number(context, ServerVariables.DefaultEnvironmentSlots),
    };

    /// <summary>What a file gives.</summary>
    /// <exception cref="UsageException">It cannot be read, is not JSON, or has an unknown member.</exception>
    internal static ServerConfiguration FromFile(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<ServerConfiguration>(File.ReadAllBytes(path), FileOptions)
                ?? throw new UsageException($"{path} is not a JSON object");
        }
        catch (JsonException e)
        {
            throw new UsageException($"{path}: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path} cannot be read: {e.Message}");
        }
    }

    /// <summary>These settings, and <paramref name="other"/>'s where these give nothing.</summary>
    internal ServerConfiguration Or(ServerConfiguration other) => new()
    {
        Postgres = Postgres ?? other.Postgres,
        Rabbitmq = Rabbitmq ?? other.Rabbitmq,
        Http = Http ?? other.Http,
        Data = Data ?? other.Data,
        JoinToken = JoinToken ?? other.JoinToken,
        NoAuth = NoAuth ?? other.NoAuth,
        Roles = Roles ?? other.Roles,
        BootstrapApiKey = BootstrapApiKey ?? other.BootstrapApiKey,
        BootstrapSecretId = BootstrapSecretId ?? other.BootstrapSecretId,
        BootstrapSecretKey = BootstrapSecretKey ?? other.BootstrapSecretKey,
        DefaultEnvironment = DefaultEnvironment ?? other.DefaultEnvironment,
        DefaultEnvironmentNodes = DefaultEnvironmentNodes ?? other.DefaultEnvironmentNodes,
        DefaultEnvironmentSlots = DefaultEnvironmentSlots ?? other.DefaultEnvironmentSlots,
    };

    /// <summary>Splits <c>a,b c</c>; null when there is nothing.</summary>
    internal static IReadOnlyList<string>? List(string? text) =>
        text?.Split([',', ';', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is { Length: > 0 } parts ? parts : null;

    private static JsonSerializerOptions FileOptions { get; } = new(BatchPlaneJson.Options)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    private static int? Number(CliContext context, string variable) =>
        context.Variable(variable) switch
        {
            null => null,
            var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
            var text => throw new UsageException($"{variable}: '{text}' is not a number"),
        };
}
