using System.Globalization;
using System.Text;
using BatchPlane.Bench.Benches;

namespace BatchPlane.Bench.Figures;

/// <summary>The figures of a run of all benchmarks, for people.</summary>
internal static class Results
{
    /// <summary>A Markdown page: the machine, then a table in which the last row of each benchmark is its headline.</summary>
    internal static string Write(IEnumerable<string> machine, IEnumerable<IBench> benches, IReadOnlyList<Figure> figures)
    {
        var page = new StringBuilder("# Figures of one run\n\nMade by `./dev bench all`. The ratio to a peer from the same run says more than the value.\n\n");
        foreach (var line in machine)
        {
            page.Append("- ").Append(line).Append('\n');
        }

        page.Append("\n| bench | figure | value | unit | peer | of the peer | ratio |\n|---|---|---:|---|---|---:|---:|\n");
        foreach (var bench in benches)
        {
            foreach (var figure in figures.Where(figure => figure.Bench == bench.Name))
            {
                page.Append(CultureInfo.InvariantCulture, $"| {Headline(figure, figures)} | {figure.Name} | {Shown(figure.Value)} | {figure.Unit} | {figure.Peer} | {Shown(figure.PeerValue)} | {Shown(figure.Ratio)} |\n");
            }
        }

        page.Append('\n');
        foreach (var bench in benches)
        {
            page.Append(CultureInfo.InvariantCulture, $"- `{bench.Name}`: {bench.Summary}\n");
        }

        return page.ToString();
    }

    private static string Headline(Figure figure, IReadOnlyList<Figure> figures) =>
        ReferenceEquals(figures.Last(other => other.Bench == figure.Bench), figure) ? $"**{figure.Bench}**" : figure.Bench;

    private static string Shown(double? value) => value is { } number ? Figure.Rounded(number).ToString("#,0.####", CultureInfo.InvariantCulture) : "";
}
