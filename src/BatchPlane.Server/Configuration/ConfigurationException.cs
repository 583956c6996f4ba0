namespace BatchPlane.Server;

/// <summary>The configuration is wrong; the server does not start.</summary>
public sealed class ConfigurationException(IReadOnlyList<string> problems)
    : Exception($"The configuration is not valid:{string.Concat(problems.Select(problem => $"\n  - {problem}"))}")
{
    /// <summary>Everything that is wrong, one sentence each.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}
