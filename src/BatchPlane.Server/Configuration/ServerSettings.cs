using BatchPlane.Core.Access;

namespace BatchPlane.Server;

/// <summary>
/// What a server needs to know to start. Everything that merely tunes it is in options classes, see <see cref="Options"/>.
/// </summary>
public sealed record ServerSettings
{
    /// <summary>Default of <see cref="Urls"/>.</summary>
    public const string DefaultUrl = "http://127.0.0.1:8080";

    /// <summary>Where the Tencent façade listens when nothing is said.</summary>
    public const string DefaultTencentUrl = "http://127.0.0.1:8081";

    /// <summary>What <c>BATCHPLANE_TENCENT</c> says for no façade.</summary>
    public const string NoTencent = "none";

    /// <summary>Connection string of PostgreSQL, Npgsql's keywords. <c>BATCHPLANE_POSTGRES</c>.</summary>
    public required string Postgres { get; init; }

    /// <summary>AMQP URI of RabbitMQ. <c>BATCHPLANE_RABBITMQ</c>.</summary>
    public required Uri RabbitMq { get; init; }

    /// <summary>Where to listen, one or more <c>http://host:port</c>. <c>BATCHPLANE_HTTP</c>, separated by <c>;</c>.</summary>
    public IReadOnlyList<string> Urls { get; init; } = [DefaultUrl];

    /// <summary>
    /// Where the Tencent façade listens, with the role <c>api</c>: one or more <c>http://host:port</c>, on ports of their own, or <c>none</c>. <c>BATCHPLANE_TENCENT</c>, separated by <c>;</c>;
    /// when that is not set, <c>http://127.0.0.1:8081</c>.
    /// </summary>
    public IReadOnlyList<string> TencentUrls { get; init; } = [];

    /// <summary>Where this server keeps its files: installation key, outputs of instances. <c>BATCHPLANE_DATA</c>.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Base64 of 32 bytes; null: the file in the data directory. Must be the same on all servers. <c>BATCHPLANE_INSTALLATION_KEY</c>.</summary>
    public string? InstallationKey { get; init; }

    /// <summary>What lets agents join; null: only agents that this server starts. <c>BATCHPLANE_JOIN_TOKEN</c>.</summary>
    public string? JoinToken { get; init; }

    /// <summary>The first API key; null: none is made. <c>BATCHPLANE_BOOTSTRAP_API_KEY</c>, <c>…_SECRET_ID</c>, <c>…_SECRET_KEY</c>.</summary>
    public BootstrapKey? BootstrapKey { get; init; }

    /// <summary>True: every caller may do everything; loopback only. <c>BATCHPLANE_NO_AUTH</c>.</summary>
    public bool NoAuth { get; init; }

    /// <summary>What this process does. <c>BATCHPLANE_ROLES</c>, separated by commas.</summary>
    public ServerRoles Roles { get; init; } = ServerRoles.All;

    /// <summary>Environment made at the first start for jobs that name none; null: none is made. <c>BATCHPLANE_DEFAULT_ENVIRONMENT</c>.</summary>
    public string? DefaultEnvironment { get; init; }

    /// <summary>Nodes of the default environment. <c>BATCHPLANE_DEFAULT_ENVIRONMENT_NODES</c>.</summary>
    public int DefaultEnvironmentNodes { get; init; } = 1;

    /// <summary>Instances a node of the default environment runs at once; null: one for each processor. <c>BATCHPLANE_DEFAULT_ENVIRONMENT_SLOTS</c>.</summary>
    public int? DefaultEnvironmentSlots { get; init; }

    /// <summary>
    /// Section with a subsection for each options class (<c>Api</c>, <c>JobLimits</c> …); null: all defaults. Keys that no class
    /// knows stop the start. In variables: <c>BATCHPLANE_OPTIONS__API__MAXBODYBYTES</c>.
    /// </summary>
    public IConfiguration? Options { get; init; }

    /// <summary>Section with a subsection for each listener, its own settings; null: none has any. In variables: <c>BATCHPLANE_LISTENERS__&lt;NAME&gt;__&lt;KEY&gt;</c>.</summary>
    public IConfiguration? Listeners { get; init; }

    /// <summary>Section for Serilog (levels); null: Information and worse. In variables: <c>BATCHPLANE_SERILOG__MINIMUMLEVEL__DEFAULT</c>.</summary>
    public IConfiguration? Serilog { get; init; }
}
