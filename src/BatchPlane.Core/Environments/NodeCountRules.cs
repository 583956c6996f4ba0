using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Environments;

/// <summary>What has to be true of the numbers of nodes of an environment together.</summary>
internal static class NodeCountRules
{
    /// <summary>Fewest at most the most, and the desired number between them; without a most there is no fewest, and with attached nodes neither.</summary>
    internal static void Check(EnvironmentRecord environment, ProblemList problems) =>
        Check(environment.Provider, environment.DesiredNodeCount, environment.MinNodeCount, environment.MaxNodeCount, problems);

    /// <inheritdoc cref="Check(EnvironmentRecord, ProblemList)"/>
    internal static void Check(NodeProvider provider, int desired, int min, int? max, ProblemList problems)
    {
        if (max is not { } most)
        {
            if (min > 0)
            {
                problems.Add("$.min_compute_node_count", ItemCodes.MinComputeNodeCountAlone, "The number of nodes follows the work only with 'max_compute_node_count'.");
            }
        }
        else if (provider == NodeProvider.Attached)
        {
            problems.Add("$.max_compute_node_count", ItemCodes.ScalingNotOfAttached, "Attached nodes are as many as come: their number cannot follow the work. Leave it out.");
        }
        else if (min > most)
        {
            problems.Add("$.min_compute_node_count", ItemCodes.MinComputeNodeCountAboveMax, string.Create(CultureInfo.InvariantCulture, $"Expected at most max_compute_node_count, {most}, given {min}."));
        }
        else if (desired < min || desired > most)
        {
            problems.Add("$.desired_compute_node_count", ItemCodes.DesiredComputeNodeCountNotBetween, string.Create(CultureInfo.InvariantCulture, $"Expected min_compute_node_count to max_compute_node_count, {min} to {most}, given {desired}."));
        }
    }
}
