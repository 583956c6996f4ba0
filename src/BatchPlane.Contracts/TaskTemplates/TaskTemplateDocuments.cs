using System.Text.Json;

namespace BatchPlane.Contracts;

/// <summary>Body of <c>POST /v1/task-templates</c>; and of <c>PATCH /v1/task-templates/{id}</c>, where what is left out stays as it is.</summary>
public sealed record TaskTemplateDocument
{
    /// <summary>Unique; a letter or digit, then letters, digits, <c>_</c>, <c>-</c>, <c>.</c>; at most 60 characters, and not of the form of a template's id.</summary>
    public required string TaskTemplateName { get; init; }

    /// <summary>The task, as in a job. Members that are left out here, or given in the job's task, are the job's.</summary>
    public required TaskDocument TaskTemplateInfo { get; init; }

    /// <summary>Text for people, 0 to 200 characters.</summary>
    public string TaskTemplateDescription { get; init; } = "";

    /// <summary>Up to 10 labels.</summary>
    public IReadOnlyList<TagDocument> Tags { get; init; } = [];
}

/// <summary>Answer of <c>POST /v1/task-templates</c> (201).</summary>
/// <param name="TaskTemplateId"><c>task-tmpl-</c> and 8 of <c>[a-z0-9]</c>.</param>
public sealed record CreateTaskTemplateResponse(string TaskTemplateId);

/// <summary>A task template: <c>GET /v1/task-templates</c>.</summary>
public sealed record TaskTemplateView
{
    /// <summary>Its id.</summary>
    public required string TaskTemplateId { get; init; }

    /// <summary>Its name.</summary>
    public required string TaskTemplateName { get; init; }

    /// <summary>Text for people.</summary>
    public string TaskTemplateDescription { get; init; } = "";

    /// <summary>The members of the task that the template gives, by their canonical names.</summary>
    public required JsonElement TaskTemplateInfo { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was changed last, or made.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Its labels.</summary>
    public IReadOnlyList<TagDocument> Tags { get; init; } = [];
}
