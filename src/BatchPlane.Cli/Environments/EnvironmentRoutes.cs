namespace BatchPlane.Cli.Environments;

/// <summary>Paths of the REST routes about environments, relative to the server. Arguments are already escaped.</summary>
internal static class EnvironmentRoutes
{
    /// <summary>More environments, or nodes of one environment, than any list needs to show.</summary>
    internal const int MostListed = 10_000;

    internal const string Environments = "v1/environments";

    internal static string Environment(string environment) => $"{Environments}/{environment}";

    internal static string JoinTokens(string environment) => $"{Environments}/{environment}/join-tokens";

    internal static string Activities(string environment) => $"{Environments}/{environment}/activities";

    internal static string TerminateNodes(string environment) => $"{Environments}/{environment}/nodes/terminate";

    internal static string Nodes(string environment) => $"{Environments}/{environment}/nodes";

    internal static string Pilot(string environment) => $"{Environments}/{environment}/pilot";
}
