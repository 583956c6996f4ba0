namespace BatchPlane.Cli.Hosting;

/// <summary>Environment variables of <c>batchplane server</c> and <c>batchplane agent</c>: settings, and secrets that must not show in the process list.</summary>
internal static class ServerVariables
{
    internal const string Postgres = "BATCHPLANE_POSTGRES";
    internal const string RabbitMq = "BATCHPLANE_RABBITMQ";
    internal const string Http = "BATCHPLANE_HTTP";
    internal const string Data = "BATCHPLANE_DATA";
    internal const string JoinToken = "BATCHPLANE_JOIN_TOKEN";
    internal const string Roles = "BATCHPLANE_ROLES";
    internal const string BootstrapApiKey = "BATCHPLANE_BOOTSTRAP_API_KEY";
    internal const string BootstrapSecretId = "BATCHPLANE_BOOTSTRAP_SECRET_ID";
    internal const string BootstrapSecretKey = "BATCHPLANE_BOOTSTRAP_SECRET_KEY";
    internal const string DefaultEnvironment = "BATCHPLANE_DEFAULT_ENVIRONMENT";
    internal const string DefaultEnvironmentNodes = "BATCHPLANE_DEFAULT_ENVIRONMENT_NODES";
    internal const string DefaultEnvironmentSlots = "BATCHPLANE_DEFAULT_ENVIRONMENT_SLOTS";
    internal const string Server = Connections.Connection.ServerVariable;
    internal const string NodeId = "BATCHPLANE_NODE_ID";
    internal const string Environment = "BATCHPLANE_ENV";
}
