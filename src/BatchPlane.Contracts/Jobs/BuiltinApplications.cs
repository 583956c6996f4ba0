namespace BatchPlane.Contracts;

/// <summary>Names of what an agent can do without starting a program.</summary>
public static class BuiltinApplications
{
    /// <summary>Nothing: an attempt begins and ends with exit code 0 at once.</summary>
    public const string Noop = "noop";
}
