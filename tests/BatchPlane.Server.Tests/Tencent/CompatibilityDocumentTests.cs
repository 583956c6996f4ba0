using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Fields;
using Microsoft.Extensions.DependencyInjection;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>docs/tencent-compatibility.md is made from the code; set BATCHPLANE_UPDATE_DOCS=1 to write it anew.</summary>
public sealed class CompatibilityDocumentTests(TencentFixture server) : IClassFixture<TencentFixture>
{
    private const string Begin = "<!-- made from the code: begin -->";
    private const string End = "<!-- made from the code: end -->";

    private static readonly string[] BatchActions =
    [
        "AttachInstances", "CreateComputeEnv", "CreateTaskTemplate", "DeleteComputeEnv", "DeleteJob", "DeleteTaskTemplates", "DescribeAvailableCvmInstanceTypes", "DescribeComputeEnv",
        "DescribeComputeEnvActivities", "DescribeComputeEnvCreateInfo", "DescribeComputeEnvCreateInfos", "DescribeComputeEnvs", "DescribeCvmZoneInstanceConfigInfos", "DescribeInstanceCategories",
        "DescribeJob", "DescribeJobMonitorData", "DescribeJobSubmitInfo", "DescribeJobs", "DescribeTask", "DescribeTaskLogs", "DescribeTaskTemplates", "DetachInstances", "ModifyComputeEnv",
        "ModifyTaskTemplate", "RetryJobs", "SubmitJob", "TerminateComputeNode", "TerminateComputeNodes", "TerminateJob", "TerminateTaskInstance",
    ];

    private IReadOnlyList<ActionSpec> Specs => [.. server.Services.GetServices<IActionGroup>().SelectMany(group => group.Actions).Select(action => action.Spec)];

    [Fact]
    public void Document_IsWhatTheCodeSays()
    {
        var path = Repository.PathOf("docs/tencent-compatibility.md");
        var text = File.ReadAllText(path);
        var head = text[..(text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length)];
        var tail = text[text.IndexOf(End, StringComparison.Ordinal)..];
        var wanted = $"{head}\n{CompatibilityDocument.Tables(Specs)}{tail}";
        if (Environment.GetEnvironmentVariable("BATCHPLANE_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(path, wanted);
        }

        Assert.Equal(wanted, File.ReadAllText(path));
    }

    [Fact]
    public void ThirtyActionsOfBatch_AreThere() =>
        Assert.Equal(BatchActions, Specs.Where(spec => spec.Version == CommonShapes.Version).Select(spec => spec.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void FieldWithoutEffect_SaysWhy() =>
        Assert.Empty(
            from spec in Specs
            from field in spec.Request.Fields
            where field is { Treatment: not Treatment.Honoured, Note: "", Members: null } && !IgnoredByNature.Contains(field.Name)
            select $"{spec.Name}.{field.Name}");

    /// <summary>What the note of their action explains.</summary>
    private static readonly string[] IgnoredByNature = ["StartTime", "EndTime"];
}
