using BatchPlane.Contracts;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>A task template with its task in Tencent's words.</summary>
/// <param name="View">The template.</param>
/// <param name="Tencent">The task in Tencent's words, JSON; null: it came by another way.</param>
public sealed record ListedTaskTemplate(TaskTemplateView View, string? Tencent);

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
        var rows = await query.OrderByDescending(row => row.CreatedAt).ThenByDescending(row => row.TemplateId).Skip(offset).Take(limit).ToListAsync(cancellationToken);
        return new([.. rows.Select(row => new ListedTaskTemplate(ToView(row), row.Tencent))], total);
    }
}
