using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;
using Services = BatchPlane.LocalServices.LocalServices;

namespace BatchPlane.Bench;

/// <summary>What a benchmark has: where things are, how thorough to be, and where its figures go.</summary>
internal sealed class BenchContext : IAsyncDisposable
{
    private readonly List<Figure> _figures = [];
    private Services? _shared;
    private int _stacks;

    /// <summary>The <c>batchplane</c> executable, as in production.</summary>
    internal required string Executable { get; init; }

    /// <summary>Scripts of the peers: the folder <c>bench/peers</c>.</summary>
    internal required string PeersDirectory { get; init; }

    /// <summary>Empty directory that the accounts of PostgreSQL and RabbitMQ can enter.</summary>
    internal required string Directory { get; init; }

    /// <summary>Small counts, one run each, and only peers that need no installing: shows that the benchmark works, its figures mean nothing.</summary>
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
        var rounded = figure.InFourDigits();
        _figures.Add(rounded);
        Console.WriteLine(rounded.ToJson());
    }

    /// <summary>PostgreSQL and RabbitMQ for one stack. What counts in a quick run is its time, so there all stacks share one pair.</summary>
    internal async Task<StackServices> StartServicesAsync(string directory)
    {
        if (!Quick)
        {
            return await StackServices.StartAsync(directory, Cancellation);
        }

        _shared ??= await StackServices.StartServersAsync(Path.Combine(Directory, "shared"), Cancellation);
        return await StackServices.ShareAsync(_shared, ++_stacks, Cancellation);
    }

    /// <summary>Stops what the stacks shared.</summary>
    public ValueTask DisposeAsync() => _shared?.DisposeAsync() ?? ValueTask.CompletedTask;
}
