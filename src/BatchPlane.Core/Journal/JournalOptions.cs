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

    /// <summary>
    /// Rows that a sorted list of <c>GET /v1/events</c> or <c>/v1/executions</c> goes over for a page, at most; one that would have to go over more is refused, and has to be narrowed by job or time. 1,000 to 10,000,000;
    /// default 200,000.
    /// </summary>
    [Range(1_000, 10_000_000)]
    public int SortRows { get; set; } = 200_000;

    /// <summary>Events or executions that match in a sorted list, at most; likewise. 1,000 to 100,000,000; default 2,000,000.</summary>
    [Range(1_000, 100_000_000)]
    public int SortExecutions { get; set; } = 2_000_000;

    /// <summary>Rows that a page of <c>GET /v1/events</c> or <c>/v1/executions</c> looks at, at most: a rare event makes short pages, not slow ones. 1,000 to 1,000,000; default 20,000.</summary>
    [Range(1_000, 1_000_000)]
    public int ScanRows { get; set; } = 20_000;

    /// <summary>How often it is noted where in the journal a time is, for <c>since</c> and <c>until</c>. 1 second to 1 hour; default 1 minute.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan MarkInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often what the journal has is added to the statistics. 1 second to 1 hour; default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan StatisticsInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Days that statistics are kept. 1 to 36,500; default 400.</summary>
    [Range(1, 36_500)]
    public int StatisticsDays { get; set; } = 400;

    /// <summary>Days for which statistics know jobs by their names; in those of older days they are added up. 1 to 36,500; default 30.</summary>
    [Range(1, 36_500)]
    public int StatisticsNameDays { get; set; } = 30;
}
