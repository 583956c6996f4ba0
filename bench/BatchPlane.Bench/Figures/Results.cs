using System.Globalization;
using System.Text;
using BatchPlane.Bench.Benches;

namespace BatchPlane.Bench.Figures;

/// <summary>The figures of a run of several benchmarks, for people.</summary>
internal static class Results
{
    /// <summary>A Markdown page: the machine, a table of the figures that something is asked of, a table of the others.</summary>
    internal static string Write(IEnumerable<string> machine, IReadOnlyList<IBench> benches, IReadOnlyList<Figure> figures, int runs)
    {
        var page = new StringBuilder("# Figures of one run\n\n");
        page.Append(CultureInfo.InvariantCulture, $"Made by `./dev bench all`; each figure is the median of {runs} or more. The peer's figure is from the same time, in turn with ours: the ratio says more than the value.\n\n");
        foreach (var line in machine)
        {
            page.Append("- ").Append(line).Append('\n');
        }

        AppendJudged(page, benches, figures);
        AppendOthers(page, benches, figures);
        page.Append("\n## What is measured\n\n");
        foreach (var bench in benches)
        {
            page.Append(CultureInfo.InvariantCulture, $"- `{bench.Name}`: {bench.Summary}\n");
        }

        return page.ToString();
    }

    private static void AppendJudged(StringBuilder page, IReadOnlyList<IBench> benches, IReadOnlyList<Figure> figures)
    {
        page.Append("\n## What is asked\n\nThe last row of each benchmark is its headline.\n\n");
        page.Append("| bench | figure | value | unit | peer | of the peer | ratio | must | aim | reached |\n|---|---|---:|---|---|---:|---:|---:|---:|---|\n");
        foreach (var (bench, target) in benches.SelectMany(bench => bench.Targets.Select(target => (bench, target))))
        {
            foreach (var figure in figures.Where(figure => figure.Bench == bench.Name && figure.Name == target.Figure))
            {
                page.Append(CultureInfo.InvariantCulture, $"{Row(figure)} {target.Shown(target.Must)} | {target.Shown(target.Aim)} | {Word(target.Verdict(figure))} |\n");
            }
        }
    }

    private static void AppendOthers(StringBuilder page, IReadOnlyList<IBench> benches, IReadOnlyList<Figure> figures)
    {
        page.Append("\n## What else was measured\n\n| bench | figure | value | unit | peer | of the peer | ratio |\n|---|---|---:|---|---|---:|---:|\n");
        foreach (var bench in benches)
        {
            foreach (var figure in figures.Where(figure => figure.Bench == bench.Name && bench.Targets.All(target => target.Figure != figure.Name)))
            {
                page.Append(Row(figure)).Append('\n');
            }
        }
    }

    private static string Row(Figure figure) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {figure.Bench} | {figure.Name} | {Shown(figure.Value)} | {figure.Unit} | {figure.Peer} | {Shown(figure.PeerValue)} | {Shown(figure.Ratio)} |");

    private static string Word(string verdict) => verdict == "missed" ? "**missed**" : verdict;

    private static string Shown(double? value) => value is { } number ? number.ToString("#,0.####", CultureInfo.InvariantCulture) : "";
}
