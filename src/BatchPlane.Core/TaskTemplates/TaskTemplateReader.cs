using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.TaskTemplates;

/// <summary>A template as far as it is given: null members are to stay as they are.</summary>
public sealed record TaskTemplateChange
{
    /// <summary>Its name.</summary>
    public string? Name { get; init; }

    /// <summary>Text for people.</summary>
    public string? Description { get; init; }

    /// <summary>Members of the task by their canonical names, as JSON.</summary>
    public string? Task { get; init; }

    /// <summary>The task in Tencent's words, masked; null: it is given in others, or stays as it is.</summary>
    public string? Tencent { get; init; }

    /// <summary>Its labels.</summary>
    public IReadOnlyList<TagDocument>? Tags { get; init; }
}

/// <summary>Reads the bodies of <c>POST /v1/task-templates</c> and <c>PATCH /v1/task-templates/{id}</c>.</summary>
public static class TaskTemplateReader
{
    private static readonly MemberSet Members = new(["task_template_name", "task_template_info", "task_template_description", "tags"]);

    private static readonly TextRule Name = new()
    {
        MinLength = 1,
        MaxLength = 60,
        Pattern = DocumentRules.PlainName(),
        Form = DocumentRules.PlainNameForm,
        EmptyCode = ItemCodes.TaskTemplateNameInvalid,
        InvalidCode = ItemCodes.TaskTemplateNameInvalid,
        TooLongCode = ItemCodes.TaskTemplateNameTooLong,
    };

    private static readonly TextRule Description = new() { MaxLength = 200, TooLongCode = ItemCodes.TaskTemplateDescriptionTooLong };

    /// <summary>The whole template, defaults filled in, or everything that is wrong with it.</summary>
    public static Reading<TaskTemplateChange> ReadNew(JsonElement body, JobLimits limits) => Read(body, (members, problems) =>
    {
        members.Require("task_template_name");
        members.Require("task_template_info");
        return ReadMembers(members, limits, problems) is var template
            ? template with { Description = template.Description ?? "", Tags = template.Tags ?? [] }
            : null!;
    });

    /// <summary>What is to change, at least one member, or everything that is wrong with it.</summary>
    public static Reading<TaskTemplateChange> ReadChange(JsonElement body, JobLimits limits) => Read(body, (members, problems) =>
    {
        if (!Members.Names.Any(name => members.Find(name) is not null))
        {
            problems.Add(JsonPath.Root, ItemCodes.AtLeastOneMember, $"Expected at least one of {string.Join(", ", Members.Names)}.");
        }

        return ReadMembers(members, limits, problems);
    });

    private static Reading<TaskTemplateChange> Read(JsonElement body, Func<ObjectReader, ProblemList, TaskTemplateChange> read)
    {
        var problems = new ProblemList();
        var template = ObjectReader.Open(body, JsonPath.Root, Members, problems) is { } members ? read(members, problems) : null;
        return Reading<TaskTemplateChange>.Of(problems, () => template!);
    }

    private static TaskTemplateChange ReadMembers(ObjectReader members, JobLimits limits, ProblemList problems)
    {
        var name = members.Text("task_template_name", Name);
        if (name is not null && EntityId.IsWellFormed(EntityId.TaskTemplate, name))
        {
            problems.Add(members.PathOf("task_template_name"), ItemCodes.TaskTemplateNameInvalid, "Expected a name, given an id.");
        }

        return new()
        {
            Name = name,
            Description = members.Text("task_template_description", Description),
            Task = members.Find("task_template_info") is { } info ? TaskReader.ReadTemplate(info, members.PathOf("task_template_info"), limits, problems) : null,
            Tags = members.Find("tags") is null ? null : TagReader.Read(members, problems),
        };
    }
}
