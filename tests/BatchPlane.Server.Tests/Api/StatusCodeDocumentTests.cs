using System.Reflection;
using System.Text;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;

namespace BatchPlane.Server.Tests.Api;

/// <summary>docs/http-status-codes.md is made from the code; set BATCHPLANE_UPDATE_DOCS=1 to write it anew.</summary>
public sealed class StatusCodeDocumentTests
{
    private const string Begin = "<!-- made from the code: begin -->";
    private const string End = "<!-- made from the code: end -->";

    [Fact]
    public void Document_IsWhatTheCodeSays()
    {
        var path = Repository.PathOf("docs/http-status-codes.md");
        var text = File.ReadAllText(path);
        var head = text[..(text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length)];
        var tail = text[text.IndexOf(End, StringComparison.Ordinal)..];
        var wanted = $"{head}\n{Tables()}{tail}";
        if (Environment.GetEnvironmentVariable("BATCHPLANE_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(path, wanted);
        }

        Assert.Equal(wanted, File.ReadAllText(path));
    }

    [Fact]
    public void EveryKind_IsListed() => Assert.Equal(
        typeof(ProblemKind).GetFields(BindingFlags.Static | BindingFlags.NonPublic).Where(field => field.FieldType == typeof(ProblemKind)).Select(field => field.GetValue(null)),
        ProblemKind.All.Cast<object>());

    private static string Tables()
    {
        var text = new StringBuilder("\n## Answers\n\n| status | `code` | meaning | what to do |\n|---|---|---|---|\n");
        foreach (var kind in ProblemKind.All)
        {
            text.Append($"| {kind.Status} | `{kind.Code}` | {kind.Title} | {kind.Advice} |\n");
        }

        text.Append("\n## Problems under `errors`\n\n| `code` | meaning |\n|---|---|\n");
        var summaries = new XmlSummaries(typeof(ItemCodes).Assembly);
        foreach (var code in typeof(ItemCodes).GetFields(BindingFlags.Static | BindingFlags.Public))
        {
            text.Append($"| `{code.GetRawConstantValue()}` | {summaries.Of(code)} |\n");
        }

        return text.Append('\n').ToString();
    }
}
