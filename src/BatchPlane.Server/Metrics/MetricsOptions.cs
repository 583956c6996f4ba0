using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Server.Metrics;

/// <summary>What <c>/metrics</c> tells. Options section <c>Metrics</c>.</summary>
public sealed class MetricsOptions
{
    /// <summary>Series of one instrument, by its tags; what comes with further tags is added up in one series whose tags are all <c>other</c>. 1 to 10,000; default 200.</summary>
    [Range(1, 10_000)]
    public int MaxSeries { get; set; } = 200;

    /// <summary>Nodes that are told of, the longest there first; the others are only counted. 0 to 100,000; default 1,000.</summary>
    [Range(0, 100_000)]
    public int MaxNodes { get; set; } = 1_000;
}
