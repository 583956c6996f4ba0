using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Core.Scheduling;

/// <summary>How instances find nodes. Options section <c>Scheduling</c>.</summary>
public sealed class SchedulingOptions
{
    /// <summary>Seconds between looks at the database when no bell rings: how late a server notices work that another one took in. 0.05 to 60; default 0.5.</summary>
    [Range(0.05, 60)]
    public double PollSeconds { get; set; } = 0.5;

    /// <summary>Tasks of an environment considered in one pass. 1 to 10,000; default 256.</summary>
    [Range(1, 10_000)]
    public int MaxTasksPerPass { get; set; } = 256;

    /// <summary>Tasks of other jobs that an explanation counts at most; where there are more, it says so. 1 to 1,000,000; default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxTasksExplained { get; set; } = 10_000;

    /// <summary>
    /// Seconds for which a task that could run does not, for the same reason, before that is told (<c>TASK_BLOCKED</c>, where somebody asked). It is looked at three times in that time.
    /// 0.1 to 86,400; default 30.
    /// </summary>
    [Range(0.1, 86_400)]
    public double BlockedAfterSeconds { get; set; } = 30;

    /// <summary>Most instances a node gets in one grant. 1 to 10,000; default 2,000.</summary>
    [Range(1, 10_000)]
    public int MaxInstancesPerGrant { get; set; } = 2_000;

    /// <summary>Seconds after which a grant that the agent does not name in its heartbeat is taken to be lost and sent again. 1 to 3,600; default 8.</summary>
    [Range(1, 3_600)]
    public double LostGrantSeconds { get; set; } = 8;

    /// <summary>
    /// Seconds between looks for backoffs that are over and time limits that have passed. What is due later than that after it became known
    /// is done on time, anything else at the next look. 0.05 to 60; default 0.5.
    /// </summary>
    [Range(0.05, 60)]
    public double DuePollSeconds { get; set; } = 0.5;

    /// <summary>Instances, tasks and jobs each that one look for what is due takes. 1 to 100,000; default 1,000.</summary>
    [Range(1, 100_000)]
    public int DueLimit { get; set; } = 1_000;

    /// <summary>Seconds between passes that forget claims whose attempts all ended. 1 to 3,600; default 5.</summary>
    [Range(1, 3_600)]
    public double PruneSeconds { get; set; } = 5;

    /// <summary>Claims forgotten in one pass. 1 to 1,000,000; default 1,000: events wait while a pass deletes.</summary>
    [Range(1, 1_000_000)]
    public int PruneLimit { get; set; } = 1_000;
}
