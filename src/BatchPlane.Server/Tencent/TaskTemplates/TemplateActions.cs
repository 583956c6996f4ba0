using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.TaskTemplates;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.TaskTemplates;
using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Catalogue;
using BatchPlane.Server.Tencent.Fields;
using BatchPlane.Server.Tencent.Jobs;
using BatchPlane.Server.Tencent.Wire;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tencent.TaskTemplates;

/// <summary>Actions about task templates: the use cases of <c>/v1/task-templates</c> in Tencent's words.</summary>
internal sealed class TemplateActions(TaskTemplateStore store, TaskTemplateQueries templates, JobTranslation translation, MachineCatalogue catalogue, IOptions<JobLimits> limits) : IActionGroup
{
    private const string Info = "TaskTemplateInfo";

    /// <inheritdoc/>
    public IEnumerable<(ActionSpec Spec, ActionHandler Handler)> Actions =>
    [
        (TemplateShapes.Create, CreateAsync),
        (TemplateShapes.Modify, ModifyAsync),
        (TemplateShapes.Delete, DeleteAsync),
        (TemplateShapes.List, ListAsync),
    ];

    private async Task<ActionAnswer> CreateAsync(ActionCall call)
    {
        var (template, refusal) = Read(call, TemplateShapes.Create.Request, TaskTemplateReader.ReadNew);
        if (template is null)
        {
            return refusal!;
        }

        var result = await CreateTaskTemplate.CreateAsync(template, limits.Value.MaxTaskTemplates, call.Caller.Source, key: null, store, call.CancellationToken);
        return result is Created<CreateTaskTemplateResponse> created ? new(new { created.Value!.TaskTemplateId }) : ActionAnswer.Of(result);
    }

    private async Task<ActionAnswer> ModifyAsync(ActionCall call)
    {
        var templateId = call.Text("TaskTemplateId");
        if (OfTemplates([templateId]) is { } malformed)
        {
            return new(malformed);
        }

        var (change, refusal) = Read(call, TemplateShapes.Modify.Request, TaskTemplateReader.ReadChange);
        return change is null ? refusal! : ActionAnswer.Of(await ChangeTaskTemplate.ChangeAsync(templateId, change, store, call.CancellationToken));
    }

    private async Task<ActionAnswer> DeleteAsync(ActionCall call)
    {
        IReadOnlyList<string> templateIds = [.. call.Texts("TaskTemplateIds")!.Distinct(StringComparer.Ordinal)];
        if (templateIds.Count == 0)
        {
            return ActionAnswer.Refuse(ErrorCodes.MissingParameter, "`TaskTemplateIds`: expected at least one.");
        }

        if (OfTemplates(templateIds) is { } malformed)
        {
            return new(malformed);
        }

        var missing = await store.DeleteAllAsync(templateIds, call.CancellationToken);
        return missing.Count == 0
            ? ActionAnswer.Done
            : ActionAnswer.Refuse(ErrorCodes.TaskTemplateNotFound, $"There is no task template {string.Join(", ", missing)}.");
    }

    private async Task<ActionAnswer> ListAsync(ActionCall call)
    {
        var (query, filter, error) = ListQuery.ReadWithIds(
            call, "TaskTemplateIds", EntityId.TaskTemplate, ErrorCodes.TaskTemplateIdMalformed, "task-template-id", "task-template-name", catalogue,
            "task-template-name", "tag-key", "tag-value", "tag:");
        if (query is null || filter is null)
        {
            return new(error!);
        }

        if (query.Limit == 0)
        {
            return ActionAnswer.Refuse(ErrorCodes.InvalidParameterValue, "`Limit`: expected 1 to 100, given 0.");
        }

        var page = await templates.PageAsync(filter, query.Offset, query.Limit, call.CancellationToken);
        return new(new { TaskTemplateSet = page.Items.Select(View), TotalCount = page.Total });
    }

    private static object View(ListedTaskTemplate template) => new
    {
        template.TaskTemplateId,
        template.TaskTemplateName,
        template.TaskTemplateDescription,
        TaskTemplateInfo = TaskShapes.Task.WithDefaults(template.Task is { } task ? TaskShapes.Task.FromNative(task) : (JsonObject)JsonNode.Parse(template.Tencent!)!),
        CreateTime = Shown.Time(template.CreatedAt),
        Tags = Shown.Tags(template.Tags),
    };

    /// <summary>The template as the REST API takes it, with the task in Tencent's words beside it.</summary>
    private (TaskTemplateChange? Template, ActionAnswer? Refusal) Read(ActionCall call, Shape request, Func<JsonElement, JobLimits, Reading<TaskTemplateChange>> read)
    {
        var document = request.ToNative(call.Parameters);
        var task = call.Object(Info);
        if (task is not null)
        {
            var (translated, error) = translation.TranslateTemplate(task);
            if (translated is null)
            {
                return (null, new(error!));
            }

            document[Info] = translated;
        }

        var reading = read(JsonSerializer.SerializeToElement(document), limits.Value);
        return reading.IsValid
            ? (reading.Value with { Tencent = task is null ? null : TaskShapes.Task.ToShown(task).ToJsonString() }, null)
            : (null, ActionAnswer.Of(ProblemResult.Invalid(reading.Problems)));
    }

    private static TencentError? OfTemplates(IReadOnlyList<string> templateIds) => Checks.OfIds(templateIds, EntityId.TaskTemplate, ErrorCodes.TaskTemplateIdMalformed);
}
