using BatchPlane.Contracts;

namespace BatchPlane.Cli.Hosting;

/// <summary>Environment variables of <c>batchplane server</c> and <c>batchplane agent</c>: settings, and secrets that must not show in the process list.</summary>
internal static class ServerVariables
{
    internal const string Prefix = "BATCHPLANE_";

    internal const string Postgres = Prefix + "POSTGRES";
    internal const string RabbitMq = Prefix + "RABBITMQ";
    internal const string Http = Prefix + "HTTP";
    internal const string Tencent = Prefix + "TENCENT";
    internal const string Data = Prefix + "DATA";
    internal const string InstallationKey = Prefix + "INSTALLATION_KEY";
    internal const string JoinToken = Prefix + "JOIN_TOKEN";
    internal const string NoAuth = Prefix + "NO_AUTH";
    internal const string Roles = Prefix + "ROLES";
    internal const string BootstrapApiKey = Prefix + "BOOTSTRAP_API_KEY";
    internal const string BootstrapSecretId = Prefix + "BOOTSTRAP_SECRET_ID";
    internal const string BootstrapSecretKey = Prefix + "BOOTSTRAP_SECRET_KEY";
    internal const string AllowedNetworks = Prefix + "OPTIONS__WEBHOOKS__ALLOWEDNETWORKS";
    internal const string DefaultEnvironment = Prefix + "DEFAULT_ENVIRONMENT";
    internal const string DefaultEnvironmentNodes = Prefix + "DEFAULT_ENVIRONMENT_NODES";
    internal const string DefaultEnvironmentSlots = Prefix + "DEFAULT_ENVIRONMENT_SLOTS";

    internal const string Server = Connections.Connection.ServerVariable;
    internal const string NodeId = Prefix + "NODE_ID";
    internal const string Environment = Prefix + "ENV";

    private static readonly string[] PassedOnByDev = [Prefix + "LISTENERS__", Prefix + "OPTIONS__"];

    /// <summary>True for a variable that the server of <c>batchplane dev</c> gets from its caller.</summary>
    internal static bool IsPassedOn(string variable) =>
        AgentVariables.IsPassedOn(variable) || PassedOnByDev.Any(prefix => variable.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    /// <summary>Those a server reads.</summary>
    internal static readonly IReadOnlyList<string> OfServer =
    [
        Postgres, RabbitMq, Http, Tencent, Data, InstallationKey, JoinToken, NoAuth, Roles, BootstrapApiKey, BootstrapSecretId, BootstrapSecretKey,
        DefaultEnvironment, DefaultEnvironmentNodes, DefaultEnvironmentSlots,
    ];
}
