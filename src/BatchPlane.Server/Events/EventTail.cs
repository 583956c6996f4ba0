using System.Threading.Channels;
using BatchPlane.Core.Journal;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Signals;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Events;

/// <summary>
/// Reads the end of the journal for all streams of this server: however many there are, each row is read once. A stream that cannot keep up is cut off rather than
/// held in memory. Nothing is read while there is no stream.
/// </summary>
internal sealed partial class EventTail(JournalQueries journal, IOptions<EventsOptions> options, TimeProvider time, ILogger<EventTail> logger) : BackgroundService
{
    private readonly Lock _gate = new();
    private readonly List<TailReader> _readers = [];
    private readonly JoinSignal _joined = new();
    private int _places;

    // What readers were told to begin behind, or were given last; null while nobody reads. A look that fails leaves it where it is: nothing between is left out.
    private JournalPosition? _place;

    /// <summary>Takes a place among the streams; null when there is none left.</summary>
    internal IDisposable? TryEnter()
    {
        if (Interlocked.Increment(ref _places) <= options.Value.MaxStreams)
        {
            return new Place(() => Interlocked.Decrement(ref _places));
        }

        Interlocked.Decrement(ref _places);
        return null;
    }

    /// <summary>Begins to hand batches to a reader, which is told the place behind which they begin. Ends when it is disposed.</summary>
    internal TailReader Join()
    {
        var reader = new TailReader(options.Value.BufferedBatches, Leave);
        lock (_gate)
        {
            _readers.Add(reader);
        }

        _joined.Set();
        return reader;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var joined = _joined.Next;
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // Readers wait on: the next look goes on at the same place.
                Log.LookFailed(logger, exception);
            }

            if (Readers().Length > 0)
            {
                await Task.WhenAny(Task.Delay(options.Value.LookInterval, time, stoppingToken));
            }
            else
            {
                _place = null;
                await Task.WhenAny(joined, Task.Delay(Timeout.InfiniteTimeSpan, time, stoppingToken));
            }
        }
    }

    /// <summary>Hands on what is new, while anybody reads.</summary>
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        while (Readers() is { Length: > 0 } readers)
        {
            var place = _place ??= await journal.NowAsync(cancellationToken);
            foreach (var reader in readers)
            {
                reader.Begin(place);
            }

            var batch = await journal.BatchAsync(place, options.Value.BatchRows, cancellationToken);
            if (batch.IsEmpty)
            {
                return;
            }

            // Those that joined meanwhile begin behind it.
            foreach (var reader in readers)
            {
                reader.Give(batch);
            }

            _place = batch.End;
        }
    }

    private TailReader[] Readers()
    {
        lock (_gate)
        {
            return [.. _readers];
        }
    }

    private void Leave(TailReader reader)
    {
        lock (_gate)
        {
            _readers.Remove(reader);
        }
    }

    private sealed class JoinSignal : Signal;

    private sealed class Place(Action leave) : IDisposable
    {
        private Action? _leave = leave;

        public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
    }

    private static partial class Log
    {
        [LoggerMessage(1005, LogLevel.Warning, "The end of the journal could not be read for streams; trying again")]
        internal static partial void LookFailed(ILogger logger, Exception exception);
    }
}

/// <summary>A stream's place at the end of the journal: batches that wait for it, in a bounded number.</summary>
internal sealed class TailReader(int capacity, Action<TailReader> leave) : IDisposable
{
    private readonly Channel<JournalBatch> _batches = Channel.CreateBounded<JournalBatch>(new BoundedChannelOptions(capacity) { SingleReader = true, SingleWriter = true });
    private readonly TaskCompletionSource<JournalPosition> _begin = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _cutOff = new();

    /// <summary>The place behind which its batches begin, once that is known.</summary>
    internal Task<JournalPosition> Began => _begin.Task;

    /// <summary>Batches in order.</summary>
    internal ChannelReader<JournalBatch> Batches => _batches.Reader;

    /// <summary>Cancelled when it was too slow: it gets no more.</summary>
    internal CancellationToken CutOff => _cutOff.Token;

    internal void Begin(JournalPosition place) => _begin.TrySetResult(place);

    internal void Give(JournalBatch batch)
    {
        if (!_cutOff.IsCancellationRequested && !_batches.Writer.TryWrite(batch))
        {
            _cutOff.Cancel();
        }
    }

    /// <summary>It reads no more.</summary>
    public void Dispose() => leave(this);
}
