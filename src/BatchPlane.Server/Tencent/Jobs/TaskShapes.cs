using System.Text.Json.Nodes;
using BatchPlane.Server.Tencent.Environments;
using BatchPlane.Server.Tencent.Fields;
using static BatchPlane.Server.Tencent.Fields.FieldType;
using static BatchPlane.Server.Tencent.Fields.Treatment;

namespace BatchPlane.Server.Tencent.Jobs;

/// <summary>A task, as jobs and task templates have it.</summary>
internal static class TaskShapes
{
    private static readonly Shape CommandLine = new("CommandLine", [new("Command", Text) { IsRequired = true, IsTranslated = true }]);

    private static readonly Shape Docker = new("Docker",
    [
        new("Image", Text) { IsRequired = true },
        new("User", Text),
        new("Password", Text) { IsSecret = true, Note = "Stored encrypted, shown as a mask." },
        new("Server", Text),
        new("MaxRetryCount", Integer),
        new("DelayOnRetry", Integer),
        new("DockerRunOption", Text) { Note = "Options that would undo what BatchPlane sets are refused." },
    ]);

    internal static readonly Shape Application = new("Application",
    [
        new("DeliveryForm", Text) { IsRequired = true, Note = "`LOCAL` or `PACKAGE`." },
        new("Command", Text) { Note = "By `/bin/sh -c`." },
        new("Commands", Record) { IsTranslated = true, IsList = true, Members = CommandLine, Note = "Exactly one: tasks whose instances run different commands are not known here." },
        new("PackagePath", Text),
        new("Docker", Record) { Members = Docker },
    ]);

    private static readonly Shape AnonymousComputeEnv = new("AnonymousComputeEnv",
    [
        new("EnvType", Text) { IsTranslated = true, Note = "`MANAGED` only." },
        new("EnvData", Record) { IsTranslated = true, Members = MachineShapes.EnvData },
        new("MountDataDisks", Record, Echoed) { IsList = true, Members = MachineShapes.MountDataDisk },
        new("AgentRunningMode", Record, Echoed) { Members = MachineShapes.AgentRunningMode },
    ]);

    private static readonly Shape RedirectInfo = new("RedirectInfo",
    [
        new("StdoutRedirectPath", Text),
        new("StderrRedirectPath", Text),
        new("StdoutRedirectFileName", Text),
        new("StderrRedirectFileName", Text),
    ]);

    private static readonly Shape RedirectLocalInfo = new("RedirectLocalInfo",
    [
        new("StdoutLocalPath", Text),
        new("StderrLocalPath", Text),
        new("StdoutLocalFileName", Text),
        new("StderrLocalFileName", Text),
    ]);

    private static readonly Shape OutputMappingOption = new("OutputMappingOption", [new("Workspace", Text)]);

    private static readonly Shape OutputMapping = new("OutputMapping",
    [
        new("SourcePath", Text) { IsRequired = true },
        new("DestinationPath", Text) { IsRequired = true, Note = "As `InputMapping.SourcePath`." },
        new("OutputMappingOption", Record) { Members = OutputMappingOption },
    ]);

    private static readonly Shape OutputMappingConfig = new("OutputMappingConfig",
    [
        new("Scene", Text) { IsRequired = true },
        new("WorkerNum", Integer) { IsRequired = true },
        new("WorkerPartSize", Integer) { IsRequired = true },
    ]);

    internal static readonly Shape Task = new("Task",
    [
        new("TaskName", Text) { Note = "A letter or digit, then letters, digits, `_`, `-`, `.`. Required in jobs of several tasks." },
        new("Application", Record) { IsRequired = true, Members = Application },
        new("TaskInstanceNum", Integer) { Default = JsonValue.Create(1) },
        new("ComputeEnv", Record) { IsTranslated = true, Members = AnonymousComputeEnv, Note = "Nodes of `Tencent.Provider`, at most `Tencent.MaxNodesPerTask`." },
        new("EnvId", Text) { Note = "Exactly one of it and `ComputeEnv`." },
        new("RedirectInfo", Record) { Members = RedirectInfo },
        new("RedirectLocalInfo", Record) { Members = RedirectLocalInfo },
        new("InputMappings", Record) { IsList = true, Members = CommonShapes.InputMapping },
        new("OutputMappings", Record) { IsList = true, Members = OutputMapping },
        new("OutputMappingConfigs", Record) { IsList = true, Members = OutputMappingConfig },
        new("EnvVars", Record) { IsList = true, Members = CommonShapes.EnvVar },
        new("Authentications", Record) { IsList = true, Members = CommonShapes.Authentication, Note = "Not in a task template, which is shown to everybody." },
        new("FailedAction", Text) { Default = JsonValue.Create("TERMINATE") },
        new("MaxRetryCount", Integer) { Default = JsonValue.Create(0) },
        new("Timeout", Integer) { Default = JsonValue.Create(86_400) },
        new("MaxConcurrentNum", Integer),
        new("RestartComputeNode", Flag, Echoed) { Note = "Nodes are not started anew after a task." },
        new("ResourceMaxRetryCount", Integer) { IsTranslated = true, Note = "With `ComputeEnv`; without it it has no meaning." },
    ]);
}
