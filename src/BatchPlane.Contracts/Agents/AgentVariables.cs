namespace BatchPlane.Contracts;

/// <summary>Environment variables of agents that servers, and <c>batchplane dev</c>, pass on to those that they start. Everything else of BatchPlane's they keep to themselves.</summary>
public static class AgentVariables
{
    /// <summary>What the variables begin with that say how files are moved; the name of the option follows in upper case.</summary>
    public const string Files = "BATCHPLANE_FILES__";

    /// <summary>Engine that runs containers.</summary>
    public const string ContainerEngine = "BATCHPLANE_CONTAINER_ENGINE";

    /// <summary>Arguments of the engine.</summary>
    public const string ContainerEngineArguments = "BATCHPLANE_CONTAINER_ENGINE_ARGS";

    /// <summary>Arguments of each container.</summary>
    public const string ContainerRunArguments = "BATCHPLANE_CONTAINER_RUN_ARGS";

    /// <summary>Options that tasks may ask for.</summary>
    public const string ContainerAllow = "BATCHPLANE_CONTAINER_ALLOW";

    /// <summary>How processes are held to their resources.</summary>
    public const string Limits = "BATCHPLANE_LIMITS";

    /// <summary>Control group below which instances get theirs.</summary>
    public const string ControlGroup = "BATCHPLANE_CGROUP";

    /// <summary>Users that tasks may run as.</summary>
    public const string AllowUser = "BATCHPLANE_ALLOW_USER";

    private static readonly string[] Names = [ContainerEngine, ContainerEngineArguments, ContainerRunArguments, ContainerAllow, Limits, ControlGroup, AllowUser];

    /// <summary>True for a variable that is passed on.</summary>
    public static bool IsPassedOn(string variable) => variable.StartsWith(Files, StringComparison.Ordinal) || Names.Contains(variable, StringComparer.Ordinal);
}
