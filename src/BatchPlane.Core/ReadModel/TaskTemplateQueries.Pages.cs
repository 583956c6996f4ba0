using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>A task template of a page that is read by offset.</summary>
/// <param name="TaskTemplateId">Its id.</param>
/// <param name="TaskTemplateName">Its name.</param>
/// <param name="TaskTemplateDescription">What it is for.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Tags">Its labels.</param>
/// <param name="Task">Its task, secrets masked; null where <paramref name="Tencent"/> has it.</param>
/// <param name="Tencent">The task in Tencent's words, JSON; null: it came by another way.</param>
public sealed record ListedTaskTemplate(
    string TaskTemplateId,
    string TaskTemplateName,
    string TaskTemplateDescription,
    DateTimeOffset CreatedAt,
    IReadOnlyList<TagDocument> Tags,
    JsonElement? Task,
    string? Tencent);

/// <summary>Task templates for callers that read by offsets and numbers of matches.</summary>
public sealed partial class TaskTemplateQueries
{
    /// <summary>At most <paramref name="limit"/> templates behind the first <paramref name="offset"/>, newest first, and how many match.</summary>
    public async Task<ListedPage<ListedTaskTemplate>> PageAsync(PageFilter filter, int offset, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var query = context.TaskTemplates;
        if (filter.Ids is { } ids)
        {
            query = query.Where(template => ids.Contains(template.TemplateId));
        }

        if (filter.Names is { } names)
        {
            query = query.Where(template => names.Contains(template.TemplateName));
        }

        query = PageConditions.OfLabels<TaskTemplateRow>(filter, template => template.Tags).Aggregate(query, (narrowed, condition) => narrowed.Where(condition));
        var total = await query.CountAsync(cancellationToken);
        var rows = await query
            .OrderByDescending(row => row.CreatedAt).ThenByDescending(row => row.TemplateId)
            .Skip(offset).Take(limit)
            .Select(row => new
            {
                row.TemplateId,
                row.TemplateName,
                row.TemplateDescription,
                row.CreatedAt,
                row.Tags,
                row.Tencent,

                // One of the two is shown, and each may have megabytes.
                Task = row.Tencent == null ? row.Task : null,
            })
            .ToListAsync(cancellationToken);
        return new(
            [.. rows.Select(row => new ListedTaskTemplate(
                row.TemplateId,
                row.TemplateName,
                row.TemplateDescription,
                row.CreatedAt,
                ReadJson.Of<TagDocument[]>(row.Tags),
                row.Task is { } task ? JsonSerializer.Deserialize<JsonElement>(JobSecrets.MaskTemplate(task)) : null,
                row.Tencent))],
            total);
    }
}
