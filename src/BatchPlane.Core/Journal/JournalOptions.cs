using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Core.Journal;

/// <summary>How long history is kept. Options section <c>Journal</c>.</summary>
public sealed class JournalOptions
{
    /// <summary>Days that delivered events are kept. 1 to 3,650; default 14.</summary>
    [Range(1, 3_650)]
    public int RetentionDays { get; set; } = 14;

    /// <summary>Days for which partitions are made ahead. 1 to 30; default 3.</summary>
    [Range(1, 30)]
    public int DaysAhead { get; set; } = 3;
}
