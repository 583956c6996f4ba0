using System.Collections.Concurrent;

namespace BatchPlane.Bench.Stack;

/// <summary>Many simulated agents on one server, in this process.</summary>
internal sealed class SimulatedFleet : IAsyncDisposable
{
    private const int JoinsAtOnce = 16;

    private readonly HttpClient _http;
    private readonly CancellationTokenSource _over;
    private readonly ConcurrentDictionary<string, long> _grants = new();
    private readonly ConcurrentBag<Exception> _faults = [];
    private readonly List<Task> _running = [];
    private long _beats;

    private SimulatedFleet(HttpClient http, CancellationToken cancellation)
    {
        _http = http;
        _over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    }

    /// <summary>Heartbeats answered so far.</summary>
    internal long Beats => Interlocked.Read(ref _beats);

    /// <summary>Has so many agents join, then beat and poll until disposed.</summary>
    internal static async Task<SimulatedFleet> StartAsync(BenchStack stack, int agents, CancellationToken cancellation)
    {
        var http = new HttpClient { BaseAddress = stack.ServerUrl, Timeout = TimeSpan.FromMinutes(2) };
        var fleet = new SimulatedFleet(http, cancellation);
        var joined = new ConcurrentBag<SimulatedAgent>();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, agents),
            new ParallelOptions { MaxDegreeOfParallelism = JoinsAtOnce, CancellationToken = cancellation },
            async (_, token) => joined.Add(await SimulatedAgent.JoinAsync(http, stack.JoinToken, token)));
        foreach (var (number, agent) in joined.Index())
        {
            fleet._running.Add(fleet.GuardAsync(agent.BeatAsync((double)number / agents, () => Interlocked.Increment(ref fleet._beats), fleet._over.Token)));
            fleet._running.Add(fleet.GuardAsync(agent.WorkAsync((job, arrived) => fleet._grants.TryAdd(job, arrived), fleet._over.Token)));
        }

        return fleet;
    }

    /// <summary>When the job's first grant arrived at an agent; null when none did yet.</summary>
    /// <exception cref="BenchFailure">An agent met a fault.</exception>
    internal long? GrantOf(string jobId) =>
        _faults.TryPeek(out var fault) ? throw new BenchFailure($"a simulated agent failed: {fault.Message}") : _grants.TryGetValue(jobId, out var arrived) ? arrived : null;

    /// <summary>Ends all of them without a word to the server.</summary>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await Task.WhenAll(_running);
        _http.Dispose();
        _over.Dispose();
    }

    private async Task GuardAsync(Task agent)
    {
        try
        {
            await agent;
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            // Over.
        }
        catch (Exception fault) when (fault is HttpRequestException or BenchFailure or OperationCanceledException)
        {
            _faults.Add(fault);
        }
    }
}
