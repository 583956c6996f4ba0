using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Jobs;

/// <summary>
/// Reads the body of <c>POST /v1/jobs</c>: the job itself here, its tasks in <see cref="TaskReader"/>, its edges in
/// <see cref="DependenceReader"/>. Whether environments exist is not known here.
/// </summary>
public static class JobDocumentReader
{
    private static readonly MemberSet Members = new(
        [
            "job_name", "job_description", "priority", "env_id", "tasks", "dependences", "task_execution_depend_on",
            "notifications", "notification", "notification_target", "tags", "time_limit", "deadline", "state_if_create_cvm_failed", "tracing",
        ]);

    private static readonly Dictionary<string, JsonElement> NoTemplates = [];

    private static readonly TextRule Name = new() { MaxLength = 60, TooLongCode = ItemCodes.JobNameTooLong };
    private static readonly TextRule Description = new() { MaxLength = 200, TooLongCode = ItemCodes.JobDescriptionTooLong };

    /// <summary>Every member that is read, by the path of its object in a document with one of each list.</summary>
    internal static IReadOnlyList<(string Path, MemberSet Members)> Fields { get; } =
    [
        ("$", Members),
        .. TaskReader.Fields,
        ("$.dependences[0]", DependenceReader.Members),
        .. NotificationReader.Fields,
        ("$.tags[0]", TagReader.Members),
    ];

    /// <summary>Ids and names of the task templates that tasks refer to, as far as the body can be read; each once.</summary>
    public static IReadOnlyCollection<string> TemplatesIn(JsonElement body) => body.ValueKind == JsonValueKind.Object
        ? [.. body.EnumerateObject().Where(member => Members.Canonical(member.Name) == "tasks").SelectMany(member => TaskReader.TemplatesIn(member.Value)).Distinct(StringComparer.Ordinal)]
        : [];

    /// <summary>The environments and topics that the body names, as far as it can be read.</summary>
    public static JobReferences ReferencesIn(JsonElement body) => JobReferences.In(body, Members, TaskReader.TaskMembers, NotificationReader.NotificationMembers);

    /// <summary>The job, or everything that is wrong with it.</summary>
    /// <param name="body">The body.</param>
    /// <param name="limits">How large it may be.</param>
    /// <param name="notificationLimits">The same for its notifications.</param>
    /// <param name="templates">Tasks of the templates that exist of those in <see cref="TemplatesIn"/>; null: none.</param>
    public static Reading<JobDocument> Read(JsonElement body, JobLimits limits, NotificationLimits notificationLimits, IReadOnlyDictionary<string, JsonElement>? templates = null)
    {
        var problems = new ProblemList();
        var job = ObjectReader.Open(body, JsonPath.Root, Members, problems) is { } members
            ? ReadMembers(members, limits, notificationLimits, templates ?? NoTemplates, problems)
            : null;
        return Reading<JobDocument>.Of(problems, () => job!);
    }

    private static JobDocument ReadMembers(
        ObjectReader members,
        JobLimits limits,
        NotificationLimits notificationLimits,
        IReadOnlyDictionary<string, JsonElement> templates,
        ProblemList problems)
    {
        var name = members.Text("job_name", Name) ?? "";
        var description = members.Text("job_description", Description) ?? "";
        var priority = members.Integer("priority", 0, 100, ItemCodes.PriorityOutOfRange) ?? 0;
        var envId = members.Text("env_id", DocumentRules.EnvId);
        var tasks = TaskReader.ReadAll(members, limits, templates, problems);
        return new JobDocument
        {
            JobName = name,
            JobDescription = description,
            Priority = priority,
            EnvId = envId,
            Tasks = tasks ?? [],
            Dependences = DependenceReader.ReadAll(members, tasks, limits, problems),
            TaskExecutionDependOn = members.Word<TaskExecutionDependOn>("task_execution_depend_on", Spelling.UpperWord, ItemCodes.TaskExecutionDependOnUnknown) ?? TaskExecutionDependOn.PreTaskSucceed,
            Notifications = NotificationReader.Read(members, EventScope.Job, notificationLimits, problems, out var alibaba),
            Notification = alibaba,
            StateIfCreateCvmFailed = members.Word<CreationFailedState>("state_if_create_cvm_failed", Spelling.UpperWord, ItemCodes.StateIfCreateCvmFailedUnknown) ?? CreationFailedState.Failed,
            TimeLimit = members.Integer("time_limit", 1, TaskReader.MaxTimeoutSeconds, ItemCodes.TimeLimitOutOfRange),
            Deadline = members.Time("deadline", ItemCodes.DeadlineInvalid),
            Tracing = members.Word<TracingMode>("tracing", Spelling.LowerWord, ItemCodes.TracingUnknown) ?? TracingMode.Full,
            NotificationTarget = members.OneOf("notification_target", ItemCodes.NotificationTargetUnknown, "CMQ", "TDMQ_CMQ"),
            Tags = TagReader.Read(members, problems),
        };
    }
}
