namespace BatchPlane.Simulation.Tests.Kernel;

/// <summary>A promise was broken.</summary>
/// <param name="check">Which check saw it.</param>
/// <param name="detail">What it saw.</param>
internal sealed class Violation(string check, string detail) : Exception($"{check}: {detail}")
{
    internal string Check => check;
}
