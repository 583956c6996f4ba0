using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Server.Loops;

/// <summary>Looks whether the database is sound. Section <c>Invariants</c>.</summary>
public sealed class InvariantOptions
{
    /// <summary>How often a server with the role <c>engine</c> looks; first a tenth of it after its start. 1 minute to 7 days; default 1 hour.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "7.00:00:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long PostgreSQL may look at one of them, on one processor; on a large database some of them are not looked at to the end. 100 ms to 1 hour; default 20 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Violations of one of them that are logged, at most. 1 to 1,000; default 10.</summary>
    [Range(1, 1_000)]
    public int MaxLogged { get; set; } = 10;
}
