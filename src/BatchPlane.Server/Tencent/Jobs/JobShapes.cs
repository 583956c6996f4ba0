using System.Text.Json.Nodes;
using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Fields;
using static BatchPlane.Server.Tencent.Fields.FieldType;
using static BatchPlane.Server.Tencent.Fields.Treatment;

namespace BatchPlane.Server.Tencent.Jobs;

/// <summary>Requests about jobs, tasks and instances.</summary>
internal static class JobShapes
{
    private static readonly Shape Dependence = new("Dependence",
    [
        new("StartTask", Text) { IsRequired = true },
        new("EndTask", Text) { IsRequired = true },
    ]);

    private static readonly Shape Dimension = new("Dimension",
    [
        new("Name", Text, Ignored) { IsRequired = true },
        new("Value", Text, Ignored) { IsRequired = true },
    ]);

    internal static readonly Shape Job = new("Job",
    [
        new("Tasks", Record) { IsRequired = true, IsList = true, Members = TaskShapes.Task },
        new("JobName", Text),
        new("JobDescription", Text),
        new("Priority", Integer) { Default = JsonValue.Create(0) },
        new("Dependences", Record) { IsList = true, Members = Dependence },
        new("Notifications", Record) { IsList = true, Members = CommonShapes.Notification },
        new("NotificationTarget", Text) { Note = "`CMQ` or `TDMQ_CMQ`: both are the same broker here." },
        new("TaskExecutionDependOn", Text),
        new("StateIfCreateCvmFailed", Text),
        CommonShapes.Tags,
    ]);

    private static readonly Field JobId = CommonShapes.Id("JobId");
    private static readonly Field TaskName = new("TaskName", Text) { IsRequired = true, IsTranslated = true };
    private static readonly Field Index = new("TaskInstanceIndex", Integer) { IsRequired = true, IsTranslated = true };

    internal static readonly ActionSpec Submit = Action(
        "SubmitJob",
        "The job is stored when the answer comes.",
        new("Placement", Record) { IsRequired = true, IsTranslated = true, Members = CommonShapes.Placement },
        new("Job", Record) { IsRequired = true, IsTranslated = true, Members = Job },
        CommonShapes.ClientToken);

    internal static readonly ActionSpec Terminate = Action("TerminateJob", "No effect on a job that has ended, and no error.", JobId);
    internal static readonly ActionSpec Delete = Action("DeleteJob", "Its events on their way are still delivered, and its journal stays.", JobId);

    internal static readonly ActionSpec Retry = Action(
        "RetryJobs",
        "None of them unless, at a look before, all exist and are FAILED, or run again since an earlier retry. Each is retried by itself: what changes in between may leave some out, and the action may be repeated. Attempts are numbered on. Jobs in FAILED_INTERRUPTED are retried by the REST API.",
        new Field("JobIds", Text) { IsRequired = true, IsTranslated = true, IsList = true, MaxItems = 100, MaxLength = 128, Note = "1 to 100." });

    internal static readonly ActionSpec Describe = Action("DescribeJob", "", JobId);

    internal static readonly ActionSpec List = Action(
        "DescribeJobs",
        "Newest first.",
        CommonShapes.Ids("JobIds"),
        CommonShapes.Filters("`job-id`, `job-name`, `job-state`, `zone`, `tag-key`, `tag-value`, `tag:<key>`"),
        CommonShapes.Offset,
        CommonShapes.Limit(20, 100));

    internal static readonly ActionSpec SubmitInfo = Action("DescribeJobSubmitInfo", "What was submitted, defaults filled in and secrets masked; of a job that came by another way, what can be said in Tencent's words.", JobId);

    internal static readonly ActionSpec DescribeTask = Action(
        "DescribeTask",
        "Instances by index, those that no node has taken yet included. A filter looks at all that nodes have taken up to the end of the page.",
        JobId,
        TaskName,
        CommonShapes.Offset,
        CommonShapes.Limit(100, 1_000),
        CommonShapes.Filters("`task-instance-state`"));

    internal static readonly ActionSpec TaskLogs = Action(
        "DescribeTaskLogs",
        "The last 2,048 bytes of each output of the current or last attempt; whole outputs are at the REST API. Instances that have not run yet have empty ones.",
        JobId,
        TaskName,
        new("TaskInstanceIndexes", Integer) { IsTranslated = true, IsList = true, MaxItems = 10, Note = "Not with `Offset`." },
        CommonShapes.Offset,
        CommonShapes.Limit(5, 10));

    internal static readonly ActionSpec TerminateInstance = Action("TerminateTaskInstance", "No effect on an instance that has ended, and no error.", JobId, TaskName, Index);

    internal static readonly ActionSpec MonitorData = Action(
        "DescribeJobMonitorData",
        "Always without points: agents do not measure while a command runs. What an attempt used in all is at the REST API.",
        JobId,
        TaskName,
        Index,
        new("MetricName", Text) { IsRequired = true, IsTranslated = true, Note = "`CpuUsage`, `MemUsage`, `LanOuttraffic`, `LanIntraffic`, `MaxDiskUsage`, `TargetDiskUsage`." },
        new("StartTime", Text, Ignored),
        new("EndTime", Text, Ignored),
        new("Dimensions", Record, Ignored) { IsList = true, Members = Dimension, Note = "There are no points to choose from." });

    private static ActionSpec Action(string name, string note, params Field[] fields) => new(CommonShapes.Version, name, new Shape("", fields), note);
}
