using System.Buffers;
using System.Text;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.ReadModel;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace BatchPlane.Server.Events;

/// <summary>
/// One stream. First the reader is brought near the end by pages of its own; then it joins the tail, closes what lies between, and gets what all get.
/// </summary>
internal sealed class EventStream(EventStreams services, JournalFilter filter, JournalPosition? after) : IResult
{
    private const int PageSize = 500;
    private const int FlushBytes = 32 * 1024;

    private readonly ArrayBufferWriter<byte> _buffer = new(FlushBytes);
    private JournalPosition? _place = after;
    private long _written;
    private long _checked = services.Time.GetTimestamp();

    public async Task ExecuteAsync(HttpContext context)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, services.Lifetime.ApplicationStopping);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } pace)
        {
            // How slow a reader may be is this stream's own rule; the server's would end it sooner, and nobody would count it.
            pace.MinDataRate = null;
        }

        try
        {
            await StreamAsync(context, stop.Token);
        }
        catch (SlowReaderException)
        {
            services.Metrics.CutOff();
            context.Abort();
        }
        catch (KeyRevokedException)
        {
            // The answer ends; who comes back is refused.
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The reader went, or the server stops: it comes back with the id of its last event.
        }
    }

    private async Task StreamAsync(HttpContext context, CancellationToken cancellationToken)
    {
        Comment("BatchPlane");
        await FlushAsync(context, cancellationToken);
        if (!await CatchUpAsync(context, cancellationToken))
        {
            return;
        }

        using var reader = services.Tail.Join();
        using var live = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, reader.CutOff);
        try
        {
            await BeatUntilAsync(reader.Began, context, live.Token);
            if (await CatchUpAsync(context, live.Token))
            {
                await FollowAsync(context, reader, live.Token);
            }
        }
        catch (OperationCanceledException) when (reader.CutOff.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new SlowReaderException();
        }
    }

    /// <summary>All there is now. False when days were dropped that the reader had not got, or an older journal was restored: it is told, and the stream ends.</summary>
    private async Task<bool> CatchUpAsync(HttpContext context, CancellationToken cancellationToken)
    {
        while (true)
        {
            var answer = await services.Journal.EventsAsync(filter, _place, backwards: false, PageSize, cancellationToken);
            if (answer is not JournalAnswer<EventView>.Found found)
            {
                var (name, place) = answer is JournalAnswer<EventView>.Gone gone ? ("oldest_cursor", gone.Oldest) : ("newest_cursor", ((JournalAnswer<EventView>.Ahead)answer).Newest);
                Text($"event: gone\ndata: {{\"{name}\":\"{JournalCursor.Encode(place)}\"}}\n\n");
                await FlushAsync(context, cancellationToken);
                return false;
            }

            foreach (var (view, at) in found.Items)
            {
                await WriteAsync(context, view, at, cancellationToken);
            }

            _place = found.Next;
            await FlushAsync(context, cancellationToken);
            await BeatWhenDueAsync(context, cancellationToken);
            if (!found.More)
            {
                return true;
            }
        }
    }

    private async Task FollowAsync(HttpContext context, TailReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            await BeatUntilAsync(reader.Batches.WaitToReadAsync(cancellationToken).AsTask(), context, cancellationToken);
            while (reader.Batches.TryRead(out var batch))
            {
                foreach (var (view, place) in batch.Unfold(filter, _place!.Value))
                {
                    await WriteAsync(context, view, place, cancellationToken);
                }

                _place = _place.Value.IsBefore(batch.End) ? batch.End : _place;
            }

            await FlushAsync(context, cancellationToken);
            await BeatWhenDueAsync(context, cancellationToken);
        }
    }

    /// <summary>Waits for something; tells the reader meanwhile that the stream lives.</summary>
    private async Task BeatUntilAsync(Task awaited, HttpContext context, CancellationToken cancellationToken)
    {
        while (!awaited.IsCompleted)
        {
            using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(awaited, Task.Delay(UntilBeat(), services.Time, wait.Token));
            await wait.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
            await BeatWhenDueAsync(context, cancellationToken);
        }

        await awaited;
    }

    /// <summary>A heartbeat when nothing was written for long, however much happens that the filter leaves out.</summary>
    private async Task BeatWhenDueAsync(HttpContext context, CancellationToken cancellationToken)
    {
        // A stream may be open for days: whose key is revoked reads on no longer than a heartbeat.
        if (services.Time.GetElapsedTime(_checked) >= services.Options.Heartbeat)
        {
            _checked = services.Time.GetTimestamp();
            if (!await services.MayReadAsync(context.Request, cancellationToken))
            {
                throw new KeyRevokedException();
            }
        }

        if (UntilBeat() > TimeSpan.Zero)
        {
            return;
        }

        // With the place that was reached: who comes back need not begin at the last event that matched.
        Comment("heartbeat");
        Text($"id: {JournalCursor.Encode(_place!.Value)}\n\n");
        await FlushAsync(context, cancellationToken);
    }

    private TimeSpan UntilBeat()
    {
        var left = services.Options.Heartbeat - services.Time.GetElapsedTime(_written);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private async Task WriteAsync(HttpContext context, EventView view, JournalPosition place, CancellationToken cancellationToken)
    {
        var cursor = JournalCursor.Encode(place);
        Text($"id: {cursor}\ndata: ");
        using (var json = new Utf8JsonWriter(_buffer, new() { Encoder = BatchPlaneJson.Options.Encoder }))
        {
            JsonSerializer.Serialize(json, view with { Cursor = cursor }, BatchPlaneJson.Options);
        }

        Text("\n\n");
        if (_buffer.WrittenCount >= FlushBytes)
        {
            await FlushAsync(context, cancellationToken);
        }
    }

    private void Comment(string text) => Text($": {text}\n");

    private void Text(string text) => Encoding.UTF8.GetBytes(text, _buffer);

    /// <summary>Sends what was written; a reader that takes nothing for too long is cut off.</summary>
    private async Task FlushAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (_buffer.WrittenCount == 0)
        {
            return;
        }

        using var patience = new CancellationTokenSource(services.Options.WriteTimeout, services.Time);
        using var write = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await context.Response.Body.WriteAsync(_buffer.WrittenMemory, write.Token);
            await context.Response.Body.FlushAsync(write.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            // Whatever else was cancelled meanwhile: a write that is given up aborts the request itself.
            throw new SlowReaderException();
        }

        _buffer.ResetWrittenCount();
        _written = services.Time.GetTimestamp();
    }

    private sealed class SlowReaderException : Exception;

    private sealed class KeyRevokedException : Exception;
}
