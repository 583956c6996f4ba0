using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>Which task templates to list.</summary>
public sealed record TaskTemplateFilter
{
    /// <summary>Only templates whose name begins with this; null: all.</summary>
    public string? NamePrefix { get; init; }

    /// <summary>Only templates that have all these labels.</summary>
    public IReadOnlyList<TagFilter> Tags { get; init; } = [];

    /// <summary>Only templates older than this place in the order; null: from the newest.</summary>
    public (DateTimeOffset CreatedAt, string TemplateId)? Before { get; init; }
}

/// <summary>Task templates as callers see them.</summary>
public sealed partial class TaskTemplateQueries(ReadContexts contexts)
{
    /// <summary>At most <paramref name="limit"/> templates, newest first.</summary>
    public async Task<IReadOnlyList<TaskTemplateView>> ListAsync(TaskTemplateFilter filter, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var query = context.TaskTemplates;
        if (filter.NamePrefix is { } prefix)
        {
            var pattern = ListFilters.BeginsWith(prefix);
            query = query.Where(row => EF.Functions.Like(row.TemplateName, pattern, ListFilters.Escape));
        }

        if (filter.Tags.Count > 0)
        {
            var contained = ListFilters.Contained(filter.Tags);
            query = query.Where(row => EF.Functions.JsonContains(row.Tags, contained));
        }

        if (filter.Before is var (createdAt, templateId))
        {
            query = query.Where(row => EF.Functions.LessThan(ValueTuple.Create(row.CreatedAt, row.TemplateId), ValueTuple.Create(createdAt, templateId)));
        }

        var rows = await query.OrderByDescending(row => row.CreatedAt).ThenByDescending(row => row.TemplateId).Take(limit).ToListAsync(cancellationToken);
        return [.. rows.Select(ToView)];
    }

    /// <summary>One template, by id or name; null when there is none.</summary>
    public async Task<TaskTemplateView?> FindAsync(string reference, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var row = await context.TaskTemplates.SingleOrDefaultAsync(row => row.TemplateId == reference || row.TemplateName == reference, cancellationToken);
        return row is null ? null : ToView(row);
    }

    private static TaskTemplateView ToView(TaskTemplateRow row) => new()
    {
        TaskTemplateId = row.TemplateId,
        TaskTemplateName = row.TemplateName,
        TaskTemplateDescription = row.TemplateDescription,
        TaskTemplateInfo = JsonSerializer.Deserialize<JsonElement>(JobSecrets.MaskTemplate(row.Task)),
        CreatedAt = row.CreatedAt,
        UpdatedAt = row.UpdatedAt,
        Tags = ReadJson.Of<TagDocument[]>(row.Tags),
    };
}
