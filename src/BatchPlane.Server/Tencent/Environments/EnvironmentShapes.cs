using System.Text.Json.Nodes;
using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Fields;
using static BatchPlane.Server.Tencent.Fields.FieldType;
using static BatchPlane.Server.Tencent.Fields.Treatment;

namespace BatchPlane.Server.Tencent.Environments;

/// <summary>Requests about environments and their nodes.</summary>
internal static class EnvironmentShapes
{
    internal const string MaxNodesNote = "At most 2,000.";

    internal static readonly Shape NamedComputeEnv = new("NamedComputeEnv",
    [
        new("EnvName", Text) { IsRequired = true, Note = "Here unique, and a letter or digit, then letters, digits, `_`, `-`, `.`." },
        new("DesiredComputeNodeCount", Integer) { IsRequired = true, Note = MaxNodesNote },
        new("EnvDescription", Text),
        new("EnvType", Text) { IsTranslated = true, Default = JsonValue.Create("MANAGED"), Note = "`MANAGED` only." },
        new("EnvData", Record) { IsTranslated = true, Members = MachineShapes.EnvData },
        new("MountDataDisks", Record, Echoed) { IsList = true, Members = MachineShapes.MountDataDisk },
        new("Authentications", Record, Echoed) { IsList = true, Members = CommonShapes.Authentication, Note = "Give credentials with the tasks, or to the agents." },
        new("InputMappings", Record, Echoed) { IsList = true, Members = CommonShapes.InputMapping, Note = "Give mappings with the tasks." },
        new("AgentRunningMode", Record, Echoed) { Members = MachineShapes.AgentRunningMode },
        new("Notifications", Record) { IsList = true, Members = CommonShapes.Notification },
        new("NotificationTarget", Text, Echoed) { Note = "Both products are the same broker here." },
        new("ActionIfComputeNodeInactive", Text) { Note = "`RECREATE`, and here `NONE` besides." },
        new("ResourceMaxRetryCount", Integer),
        CommonShapes.Tags,
    ]);

    private static readonly Shape ComputeEnvData = new("ComputeEnvData",
    [
        new("InstanceTypes", Text) { IsRequired = true, IsTranslated = true, IsList = true, MaxItems = 10, Note = "The first that is known is taken." },
    ]);

    private static readonly Shape Instance = new("Instance",
    [
        new("InstanceId", Text, Checked) { IsRequired = true, IsTranslated = true, Note = "Has to have joined." },
        new("ImageId", Text, Ignored) { Note = "Nothing is installed on a machine that joins." },
        new("LoginSettings", Record, Ignored) { Members = MachineShapes.LoginSettings, Note = "Nothing is installed on a machine that joins." },
    ]);

    private static readonly Field EnvId = CommonShapes.Id("EnvId");
    private static readonly Field Paged = CommonShapes.Limit(20, 100);

    internal static readonly ActionSpec Create = Action(
        "CreateComputeEnv",
        "Nodes are made by `Tencent.Provider`.",
        new("ComputeEnv", Record) { IsRequired = true, IsTranslated = true, Members = NamedComputeEnv },
        new("Placement", Record) { IsRequired = true, IsTranslated = true, Members = CommonShapes.Placement },
        CommonShapes.ClientToken);

    internal static readonly ActionSpec Modify = Action(
        "ModifyComputeEnv",
        "Fewer nodes: those that have nothing go first, the others finish what they hold.",
        EnvId,
        new("DesiredComputeNodeCount", Integer) { Note = MaxNodesNote },
        new("EnvName", Text),
        new("EnvDescription", Text),
        new("EnvData", Record) { IsTranslated = true, Members = ComputeEnvData, Note = "For nodes that are made from then on, and those whose agent is started again. Machines that joined by themselves are what they are." });

    internal static readonly ActionSpec Delete = Action(
        "DeleteComputeEnv",
        "Nodes need not be gone: they go with it. Refused while tasks that are not finished need it, and while it is being deleted.",
        EnvId);

    internal static readonly ActionSpec Describe = Action("DescribeComputeEnv", "Also an environment that was made for a task.", EnvId);

    internal static readonly ActionSpec List = Action(
        "DescribeComputeEnvs",
        "Newest first; environments that were made for tasks are not among them.",
        CommonShapes.Ids("EnvIds"),
        CommonShapes.Filters("`zone`, `env-id`, `env-name`, `resource-type`, `tag-key`, `tag-value`, `tag:<key>`"),
        CommonShapes.Offset,
        Paged);

    internal static readonly ActionSpec CreateInfo = Action("DescribeComputeEnvCreateInfo", "What was given when it was made, secrets masked; name, description and number of nodes as they are now.", EnvId);

    internal static readonly ActionSpec CreateInfos = Action(
        "DescribeComputeEnvCreateInfos",
        "Newest first.",
        CommonShapes.Ids("EnvIds"),
        CommonShapes.Filters("`zone`, `env-id`, `env-name`"),
        CommonShapes.Offset,
        Paged);

    internal static readonly ActionSpec Activities = Action(
        "DescribeComputeEnvActivities",
        "Newest first. Types besides Tencent's: `TERMINATE_COMPUTE_NODE`, `SCALE_COMPUTE_ENV`.",
        EnvId,
        CommonShapes.Offset,
        Paged,
        CommonShapes.Filters("`compute-node-id`; one object or a list of one"));

    internal static readonly ActionSpec TerminateNode = Action(
        "TerminateComputeNode",
        "In CREATED, CREATION_FAILED, RUNNING and ABNORMAL. A node finishes what it holds, takes nothing new and leaves. As many nodes fewer are wished for, so that nothing replaces it.",
        EnvId,
        CommonShapes.Id("ComputeNodeId"));

    internal static readonly ActionSpec TerminateNodes = Action("TerminateComputeNodes", "As TerminateComputeNode: all or none.", EnvId, CommonShapes.Ids("ComputeNodeIds", isRequired: true));

    internal static readonly ActionSpec Attach = Action(
        "AttachInstances",
        "It attaches nothing. A machine joins by the agent that is started on it (`batchplane agent`), with a join token of the environment, and stays there. It says yes for machines that have joined this environment, and "
        + "`UnsupportedOperation.InstancesNotAllowToAttach` for others.",
        EnvId,
        new("Instances", Record, Checked) { IsRequired = true, IsTranslated = true, IsList = true, MaxItems = 100, Members = Instance });

    internal static readonly ActionSpec Detach = Action("DetachInstances", "Machines that joined by themselves, not those that a provider made: they finish what they hold and leave.", EnvId, CommonShapes.Ids("InstanceIds", isRequired: true));

    private static ActionSpec Action(string name, string note, params Field[] fields) => new(CommonShapes.Version, name, new Shape("", fields), note);
}
