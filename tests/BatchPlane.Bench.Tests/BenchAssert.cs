using System.Text.Json;

namespace BatchPlane.Bench.Tests;

/// <summary>What holds of every benchmark; how fast anything is, is not tested.</summary>
internal static class BenchAssert
{
    private static readonly string[] Keys = ["bench", "figure", "value", "unit", "peer", "peer_value", "ratio"];

    /// <summary>A member of a figure.</summary>
    internal static string? Text(JsonElement figure, string name) => figure.GetProperty(name).GetString();

    /// <summary>All were run, and their page has every figure and no path.</summary>
    internal static void RanAndLeftTheirPage(QuickBenches benches)
    {
        Assert.True(benches.Run.ExitCode == 0, benches.Run.Errors);

        var page = File.ReadAllText(benches.ResultsFile);
        Assert.Equal(benches.Names.Order(), benches.Figures.Select(figure => Text(figure, "bench")!).Distinct().Order());
        Assert.All(benches.Figures, figure => Assert.Contains($"| {Text(figure, "bench")} | {Text(figure, "figure")} |", page, StringComparison.Ordinal));
        Assert.DoesNotContain("/tmp", page, StringComparison.Ordinal);
    }

    /// <summary>A benchmark printed whole figures, its headline last.</summary>
    internal static void PrintsItsFigures(QuickBenches benches, string bench, string headline, bool isItsOwnPeer)
    {
        var figures = benches.Figures.Where(figure => Text(figure, "bench") == bench).ToArray();

        Assert.NotEmpty(figures);
        Assert.All(figures, figure => Assert.Equal(Keys, figure.EnumerateObject().Select(property => property.Name)));
        Assert.All(figures, figure => Assert.NotEqual("", Text(figure, "unit")));
        Assert.All(figures, figure => Assert.True(figure.GetProperty("value").GetDouble() >= 0, figure.ToString()));
        Assert.Equal(headline, Text(figures[^1], "figure"));
        Assert.True(!isItsOwnPeer || figures[^1].GetProperty("ratio").GetDouble() > 0, figures[^1].ToString());
    }
}
