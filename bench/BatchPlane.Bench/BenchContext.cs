using BatchPlane.Bench.Figures;

namespace BatchPlane.Bench;

/// <summary>What a benchmark has: where things are, how thorough to be, and where its figures go.</summary>
internal sealed class BenchContext
{
    private readonly List<Figure> _figures = [];

    /// <summary>The <c>batchplane</c> executable, as in production.</summary>
    internal required string Executable { get; init; }

    /// <summary>Scripts of the peers: the folder <c>bench/peers</c>.</summary>
    internal required string PeersDirectory { get; init; }

    /// <summary>Empty directory that the accounts of PostgreSQL and RabbitMQ can enter.</summary>
    internal required string Directory { get; init; }

    /// <summary>Small counts, one run each and no peers: shows that the benchmark works, its figures mean nothing.</summary>
    internal required bool Quick { get; init; }

    /// <summary>Ends the benchmark.</summary>
    internal required CancellationToken Cancellation { get; init; }

    /// <summary>Everything measured so far.</summary>
    internal IReadOnlyList<Figure> Figures => _figures;

    /// <summary>Runs of which the median counts.</summary>
    internal int Runs => Quick ? 1 : 3;

    /// <summary>One of two counts.</summary>
    internal int Count(int full, int quick) => Quick ? quick : full;

    /// <summary>Progress for people.</summary>
    internal static void Say(string line) => Console.Error.WriteLine(line);

    /// <summary>Prints a figure; the headline of a benchmark comes last.</summary>
    internal void Report(Figure figure)
    {
        _figures.Add(figure);
        Console.WriteLine(figure.ToJson());
    }
}
