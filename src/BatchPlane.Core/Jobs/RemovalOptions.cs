using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Core.Jobs;

/// <summary>How deleted jobs are removed. Options section <c>Removal</c>.</summary>
public sealed class RemovalOptions
{
    /// <summary>Seconds between looks for deleted jobs. 0.1 to 3,600; default 2.</summary>
    [Range(0.1, 3_600)]
    public double Seconds { get; set; } = 2;

    /// <summary>Rows removed in one transaction. 1 to 100,000; default 2,000: events wait while one deletes.</summary>
    [Range(1, 100_000)]
    public int ChunkRows { get; set; } = 2_000;

    /// <summary>Jobs looked at in one pass. 1 to 10,000; default 100.</summary>
    [Range(1, 10_000)]
    public int MaxJobsPerPass { get; set; } = 100;
}
