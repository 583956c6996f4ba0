using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
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

    /// <summary>Most processors of a node.</summary>
    public const int MaxCpuPerNode = 1_024;

    /// <summary>Most MiB of memory of a node: 16 TiB.</summary>
    public const int MaxMemoryMibPerNode = 16_777_216;

    private static readonly MemberSet Members = new(
        [
            "env_name", "env_description", "desired_compute_node_count", "min_compute_node_count", "max_compute_node_count", "idle_seconds", "action_if_compute_node_inactive",
            "resource_max_retry_count", "provider", "slots_per_node", "cpu_per_node", "memory_mib_per_node", "slurm", "notifications", "notification", "tags",
        ],
        ["env_type", "env_data", "mount_data_disks", "authentications", "input_mappings", "agent_running_mode", "notification_target"]);

    internal static readonly TextRule Name = new()
    {
        MinLength = 1,
        MaxLength = 60,
        Pattern = DocumentRules.PlainName(),
        Form = DocumentRules.PlainNameForm,
        EmptyCode = ItemCodes.EnvNameInvalid,
        InvalidCode = ItemCodes.EnvNameInvalid,
        TooLongCode = ItemCodes.EnvNameTooLong,
    };

    internal static readonly TextRule Description = new() { MaxLength = 200, TooLongCode = ItemCodes.EnvDescriptionTooLong };

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

    /// <summary>The desired number of nodes; null when absent or unusable. The other members that may be changed later follow.</summary>
    internal static int? Desired(ObjectReader members) => members.Integer("desired_compute_node_count", 0, MaxNodes, ItemCodes.DesiredComputeNodeCountOutOfRange);

    internal static int? Min(ObjectReader members) => members.Integer("min_compute_node_count", 0, MaxNodes, ItemCodes.MinComputeNodeCountOutOfRange);

    internal static int? Max(ObjectReader members) => members.Integer("max_compute_node_count", 0, MaxNodes, ItemCodes.MaxComputeNodeCountOutOfRange);

    internal static int? Idle(ObjectReader members) => members.Integer("idle_seconds", 10, 86_400, ItemCodes.IdleSecondsOutOfRange);

    internal static InactiveNodeAction? InactiveAction(ObjectReader members) =>
        members.Word<InactiveNodeAction>("action_if_compute_node_inactive", Spelling.UpperWord, ItemCodes.ActionIfComputeNodeInactiveUnknown);

    internal static int? MaxRetries(ObjectReader members) => members.Integer("resource_max_retry_count", 0, 100, ItemCodes.ResourceMaxRetryCountOutOfRange);

    internal static NodeProvider? Provider(ObjectReader members) => members.Word<NodeProvider>("provider", Spelling.LowerWord, ItemCodes.ProviderUnknown);

    internal static int? SlotsPerNode(ObjectReader members) => members.Integer("slots_per_node", 1, MaxSlotsPerNode, ItemCodes.SlotsPerNodeOutOfRange);

    internal static int? CpuPerNode(ObjectReader members) => members.Integer("cpu_per_node", 1, MaxCpuPerNode, ItemCodes.CpuPerNodeOutOfRange);

    internal static int? MemoryMibPerNode(ObjectReader members) => members.Integer("memory_mib_per_node", 1, MaxMemoryMibPerNode, ItemCodes.MemoryMibPerNodeOutOfRange);

    private static EnvironmentDocument ReadMembers(ObjectReader members, NotificationLimits notificationLimits, ProblemList problems)
    {
        var (min, max) = (Min(members), Max(members));
        var provider = Provider(members);
        var isScaled = members.Find("max_compute_node_count") is not null;
        var environment = new EnvironmentDocument
        {
            EnvName = members.RequiredText("env_name", Name),
            EnvDescription = members.Text("env_description", Description) ?? "",
            // Where the number follows the work it begins with the fewest, unless said otherwise.
            DesiredComputeNodeCount = Desired(members) ?? min ?? 0,
            MinComputeNodeCount = min ?? 0,
            MaxComputeNodeCount = max,
            IdleSeconds = Idle(members) ?? EnvironmentDocument.DefaultIdleSeconds,
            ActionIfComputeNodeInactive = InactiveAction(members) ?? InactiveNodeAction.Recreate,
            ResourceMaxRetryCount = MaxRetries(members) ?? EnvironmentDocument.DefaultResourceMaxRetryCount,
            Provider = provider ?? NodeProvider.Local,
            Slurm = SlurmDocumentReader.Read(members, provider, problems),
            SlotsPerNode = SlotsPerNode(members),
            CpuPerNode = CpuPerNode(members),
            MemoryMibPerNode = MemoryMibPerNode(members),
            Notifications = NotificationReader.Read(members, EventScope.Environment, notificationLimits, problems, out var alibaba),
            Notification = alibaba,
            Tags = TagReader.Read(members, problems),
        };
        NodeSizeRules.Check(members, environment.Provider, problems);
        // A bound that cannot be read is a problem of its own already; the others are not judged against its absence.
        if (isScaled == max is not null)
        {
            NodeCountRules.Check(environment.Provider, environment.DesiredComputeNodeCount, environment.MinComputeNodeCount, max, problems);
        }

        return environment;
    }
}
