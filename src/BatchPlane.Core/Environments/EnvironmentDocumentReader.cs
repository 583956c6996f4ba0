using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Environments;

/// <summary>Reads the body of <c>POST /v1/environments</c>.</summary>
public static class EnvironmentDocumentReader
{
    /// <summary>Most nodes of an environment. Source: Tencent Batch's published limit.</summary>
    public const int MaxNodes = 2_000;

    /// <summary>Most instances a node runs at once.</summary>
    public const int MaxSlotsPerNode = 1_024;

    private static readonly MemberSet Members = new(
        ["env_name", "env_description", "desired_compute_node_count", "provider", "slots_per_node", "slurm", "notifications", "tags"],
        [
            "env_type", "env_data", "mount_data_disks", "authentications", "input_mappings", "agent_running_mode",
            "notification_target", "action_if_compute_node_inactive", "resource_max_retry_count",
        ]);

    private static readonly TextRule Name = new()
    {
        MinLength = 1,
        MaxLength = 60,
        Pattern = DocumentRules.PlainName(),
        Form = DocumentRules.PlainNameForm,
        EmptyCode = ItemCodes.EnvNameInvalid,
        InvalidCode = ItemCodes.EnvNameInvalid,
        TooLongCode = ItemCodes.EnvNameTooLong,
    };

    private static readonly TextRule Description = new() { MaxLength = 200, TooLongCode = ItemCodes.EnvDescriptionTooLong };

    /// <summary>Every member that is read, by the path of its object in a document with one of each list.</summary>
    internal static IReadOnlyList<(string Path, MemberSet Members)> Fields { get; } = [("$", Members), ("$.slurm", SlurmDocumentReader.Members), .. NotificationReader.Fields, ("$.tags[0]", TagReader.Members)];

    /// <summary>The environment, or everything that is wrong with it.</summary>
    public static Reading<EnvironmentDocument> Read(JsonElement body, NotificationLimits notificationLimits)
    {
        var problems = new ProblemList();
        var environment = ObjectReader.Open(body, JsonPath.Root, Members, problems) is { } members
            ? ReadMembers(members, notificationLimits, problems)
            : null;
        return Reading<EnvironmentDocument>.Of(problems, () => environment!);
    }

    private static EnvironmentDocument ReadMembers(ObjectReader members, NotificationLimits notificationLimits, ProblemList problems)
    {
        var provider = members.Word<NodeProvider>("provider", Spelling.LowerWord, ItemCodes.ProviderUnknown);
        return Read(members, provider, notificationLimits, problems);
    }

    private static EnvironmentDocument Read(ObjectReader members, NodeProvider? provider, NotificationLimits notificationLimits, ProblemList problems) => new()
    {
        EnvName = members.RequiredText("env_name", Name),
        EnvDescription = members.Text("env_description", Description) ?? "",
        DesiredComputeNodeCount = members.Integer("desired_compute_node_count", 0, MaxNodes, ItemCodes.DesiredComputeNodeCountOutOfRange) ?? 0,
        Provider = provider ?? NodeProvider.Local,
        Slurm = SlurmDocumentReader.Read(members, provider, problems),
        SlotsPerNode = members.Integer("slots_per_node", 1, MaxSlotsPerNode, ItemCodes.SlotsPerNodeOutOfRange),
        Notifications = NotificationReader.Read(members, EventScope.Environment, notificationLimits, problems),
        Tags = TagReader.Read(members, problems),
    };
}
