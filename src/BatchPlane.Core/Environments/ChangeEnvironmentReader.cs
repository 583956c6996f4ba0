using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Environments;

/// <summary>Reads the body of <c>PATCH /v1/environments/{id}</c>. Bounds that depend on what stays as it is are checked by the store.</summary>
public static class ChangeEnvironmentReader
{
    private static readonly MemberSet Members = new(
    [
        "env_name", "env_description", "desired_compute_node_count", "min_compute_node_count", "max_compute_node_count", "idle_seconds", "action_if_compute_node_inactive",
        "resource_max_retry_count", "tags",
    ])
    {
        Fixed = ["provider", "slots_per_node", "cpu_per_node", "memory_mib_per_node", "slurm", "notifications", "notification"],
    };

    /// <summary>Every member that is read, by the path of its object.</summary>
    internal static IReadOnlyList<(string Path, MemberSet Members)> Fields { get; } = [("$", Members), ("$.tags[0]", TagReader.Members)];

    /// <summary>The changes, or everything that is wrong with them.</summary>
    public static Reading<ChangeEnvironmentRequest> Read(JsonElement body)
    {
        var problems = new ProblemList();
        var change = ObjectReader.Open(body, JsonPath.Root, Members, problems) is { } members ? ReadMembers(members, problems) : null;
        return Reading<ChangeEnvironmentRequest>.Of(problems, () => change!);
    }

    private static ChangeEnvironmentRequest ReadMembers(ObjectReader members, ProblemList problems) => new()
    {
        EnvName = members.Text("env_name", EnvironmentDocumentReader.Name),
        EnvDescription = members.Text("env_description", EnvironmentDocumentReader.Description),
        DesiredComputeNodeCount = EnvironmentDocumentReader.Desired(members),
        MinComputeNodeCount = EnvironmentDocumentReader.Min(members),
        MaxComputeNodeCount = EnvironmentDocumentReader.Max(members),
        RemovesMaximum = members.IsNull("max_compute_node_count"),
        IdleSeconds = EnvironmentDocumentReader.Idle(members),
        ActionIfComputeNodeInactive = EnvironmentDocumentReader.InactiveAction(members),
        ResourceMaxRetryCount = EnvironmentDocumentReader.MaxRetries(members),
        Tags = members.Find("tags") is null ? null : TagReader.Read(members, problems),
    };
}
