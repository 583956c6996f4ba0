using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Fields;
using BatchPlane.Server.Tencent.Jobs;
using static BatchPlane.Server.Tencent.Fields.FieldType;

namespace BatchPlane.Server.Tencent.TaskTemplates;

/// <summary>Requests about task templates.</summary>
internal static class TemplateShapes
{
    internal static readonly ActionSpec Create = Action(
        "CreateTaskTemplate",
        "A job takes it over by `task_template` at the REST API; Tencent's jobs have no such field.",
        new("TaskTemplateName", Text) { IsRequired = true, Note = "Here unique, and a letter or digit, then letters, digits, `_`, `-`, `.`." },
        new("TaskTemplateInfo", Record) { IsRequired = true, IsTranslated = true, Members = TaskShapes.Task },
        new("TaskTemplateDescription", Text),
        CommonShapes.Tags);

    internal static readonly ActionSpec Modify = Action(
        "ModifyTaskTemplate",
        "",
        CommonShapes.Id("TaskTemplateId"),
        new("TaskTemplateName", Text),
        new("TaskTemplateDescription", Text),
        new("TaskTemplateInfo", Record) { IsTranslated = true, Members = TaskShapes.Task });

    internal static readonly ActionSpec Delete = Action("DeleteTaskTemplates", "All of them or, when one does not exist, none.", CommonShapes.Ids("TaskTemplateIds", isRequired: true));

    internal static readonly ActionSpec List = Action(
        "DescribeTaskTemplates",
        "Newest first.",
        CommonShapes.Ids("TaskTemplateIds"),
        CommonShapes.Filters("`task-template-name`, `tag-key`, `tag-value`, `tag:<key>`"),
        CommonShapes.Offset,
        CommonShapes.Limit(20, 100) with { Note = "Default 20, 1 to 100." });

    private static ActionSpec Action(string name, string note, params Field[] fields) => new(CommonShapes.Version, name, new Shape("", fields), note);
}
