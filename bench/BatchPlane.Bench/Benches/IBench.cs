using BatchPlane.Bench.Figures;

namespace BatchPlane.Bench.Benches;

/// <summary>One row of the table of figures.</summary>
internal interface IBench
{
    /// <summary>As on the command line.</summary>
    string Name { get; }

    /// <summary>One line for people.</summary>
    string Summary { get; }

    /// <summary>What its figures are asked to reach, that of the headline last.</summary>
    IReadOnlyList<Target> Targets { get; }

    /// <summary>Runs it, leaves nothing behind, reports its figures, the headline last.</summary>
    Task RunAsync(BenchContext context);
}
