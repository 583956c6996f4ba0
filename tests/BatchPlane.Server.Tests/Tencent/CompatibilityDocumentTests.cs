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
        Assert.Empty(Specs.SelectMany(spec => Silent(spec.Request, spec.Name, isExplained: false)));

    /// <summary>The control: a field deep in a request is found, and one in an object that says why is not.</summary>
    [Fact]
    public void SilentField_IsFoundWhereverItIs()
    {
        var inner = new Shape("Inner", [new("Deep", FieldType.Text, Treatment.Echoed)]);
        var shape = new Shape("", [new("Outer", FieldType.Record) { Members = new("Outer", [new("Inner", FieldType.Record) { Members = inner }]) }, new("Other", FieldType.Record, Treatment.Echoed) { Members = inner, Note = "Why." }]);

        Assert.Equal(["A.Outer.Inner.Deep"], Silent(shape, "A", isExplained: false));
    }

    /// <summary>Fields without effect and without a word about it, neither theirs nor that of an object around them.</summary>
    private static IEnumerable<string> Silent(Shape shape, string path, bool isExplained) => shape.Fields.SelectMany(field =>
    {
        var place = $"{path}.{field.Name}";
        var explained = isExplained || field.Note.Length > 0 || IgnoredByNature.Contains(field.Name);
        return field switch
        {
            { Members: { } members } => Silent(members, place, explained),
            { Treatment: not Treatment.Honoured } when !explained => [place],
            _ => (IEnumerable<string>)[],
        };
    });

    /// <summary>What the note of their action explains.</summary>
    private static readonly string[] IgnoredByNature = ["StartTime", "EndTime"];
}
