namespace BatchPlane.Contracts;

/// <summary>Variables that agents read and that a server passes on to agents it starts itself.</summary>
public static class AgentVariables
{
    /// <summary>What the variables begin with that say how files are moved; the name of the option follows in upper case.</summary>
    public const string Files = "BATCHPLANE_FILES__";
}
