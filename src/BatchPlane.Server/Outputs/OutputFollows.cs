using BatchPlane.Core.Outputs;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Outputs;

/// <summary>
/// Tells followers of outputs when those have grown or are complete. However many follow, a server looks once in each interval: one query for
/// all attempts, one look at the storage for each output. Agents may talk to another server, so the storage is asked, not the traffic.
/// </summary>
internal sealed partial class OutputFollows(IOutputStorage storage, OutputStore records, IOptions<OutputOptions> options, TimeProvider time, ILogger<OutputFollows> logger) : BackgroundService
{
    private const int ParallelLooks = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<OutputOf, FollowedOutput> _followed = [];
    private int _followers;

    /// <summary>Takes a place among the followers; null when there is none left.</summary>
    internal IDisposable? TryEnter()
    {
        if (Interlocked.Increment(ref _followers) <= options.Value.MaxFollowers)
        {
            return new Place(() => Interlocked.Decrement(ref _followers));
        }

        Interlocked.Decrement(ref _followers);
        return null;
    }

    /// <summary>Begins to watch an output, of which the storage has <paramref name="known"/> bytes; ends when disposed.</summary>
    internal FollowedOutput Watch(OutputOf output, long known)
    {
        lock (_gate)
        {
            if (!_followed.TryGetValue(output, out var followed))
            {
                followed = new(output, known, Leave);
                _followed.Add(output, followed);
            }

            followed.Followers++;
            return followed;
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.Value.FollowSeconds), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // Followers wait on: the next look tells the same.
                Log.LookFailed(logger, exception);
            }
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        List<FollowedOutput> followed;
        lock (_gate)
        {
            followed = [.. _followed.Values];
        }

        if (followed.Count == 0)
        {
            return;
        }

        // In this order: what an attempt that has ended wrote is all there when its end is.
        var live = await records.LiveAsync([.. followed.Select(item => item.Output.AttemptRef).Distinct()], cancellationToken);
        await Parallel.ForEachAsync(
            followed,
            new ParallelOptions { MaxDegreeOfParallelism = ParallelLooks, CancellationToken = cancellationToken },
            (item, cancellation) => LookAsync(item, isComplete: !live.Contains(item.Output.AttemptRef), cancellation));
    }

    private async ValueTask LookAsync(FollowedOutput followed, bool isComplete, CancellationToken cancellationToken)
    {
        try
        {
            await using var content = await storage.OpenAsync(followed.Output, followed.Length, cancellationToken);
            followed.Tell(content?.Length ?? 0, isComplete);
        }
        catch (OutputStorageException exception)
        {
            // Its followers wait on; those of others need not.
            Log.OneLookFailed(logger, followed.Output.Path, exception.Message);
        }
    }

    private void Leave(FollowedOutput followed)
    {
        lock (_gate)
        {
            followed.Followers--;
            if (followed.Followers == 0)
            {
                _followed.Remove(followed.Output);
            }
        }
    }

    private sealed class Place(Action leave) : IDisposable
    {
        private Action? _leave = leave;

        public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
    }

    private static partial class Log
    {
        [LoggerMessage(2010, LogLevel.Warning, "Followed outputs could not be looked at; trying again")]
        internal static partial void LookFailed(ILogger logger, Exception exception);

        [LoggerMessage(2012, LogLevel.Warning, "The followed output {Path} could not be looked at; trying again: {Detail}")]
        internal static partial void OneLookFailed(ILogger logger, string path, string detail);
    }
}

/// <summary>An output that is followed, shared by all its followers on a server.</summary>
internal sealed class FollowedOutput(OutputOf output, long length, Action<FollowedOutput> leave) : IDisposable
{
    private volatile State _state = new(length, IsComplete: false);

    internal OutputOf Output => output;

    /// <summary>Guarded by the lock of <see cref="OutputFollows"/>.</summary>
    internal int Followers { get; set; }

    /// <summary>Bytes known to be there.</summary>
    internal long Length => _state.Length;

    /// <summary>What is known now; its <see cref="State.Changed"/> tells when that is outdated.</summary>
    internal State Now => _state;

    /// <summary>Takes what a look found; an output never shrinks while it is followed.</summary>
    internal void Tell(long newLength, bool isComplete)
    {
        var before = _state;
        if (newLength > before.Length || isComplete != before.IsComplete)
        {
            _state = new(Math.Max(newLength, before.Length), isComplete);
            before.Change();
        }
    }

    /// <summary>One of its followers goes.</summary>
    public void Dispose() => leave(this);

    /// <summary>What is known of an output at a time.</summary>
    /// <param name="Length">Bytes.</param>
    /// <param name="IsComplete">True when it grows no more.</param>
    internal sealed record State(long Length, bool IsComplete)
    {
        private readonly TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Changed => _changed.Task;

        internal void Change() => _changed.TrySetResult();
    }
}
