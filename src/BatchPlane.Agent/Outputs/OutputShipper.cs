using System.Text;
using BatchPlane.Agent.Hosts;
using BatchPlane.Agent.Protocol;
using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Outputs;

/// <summary>Short outputs of an attempt, base64; null: empty, or long and uploaded.</summary>
internal readonly record struct InlineOutput(string? Stdout, string? Stderr);

/// <summary>
/// Brings outputs to the server: a short one of a short attempt travels in the report, every other is uploaded in pieces, the first of them while
/// the attempt still runs so that people can follow it. What is over the server's limit is left out, with a line that says so, and so is marked where a command
/// truncated its output.
/// </summary>
internal sealed class OutputShipper
{
    /// <summary>Last outputs uploaded at once in this process, each with a buffer of a piece; the others wait.</summary>
    private static readonly SemaphoreSlim FinalUploads = new(4);

    private static readonly byte[] TruncatedNote = Encoding.UTF8.GetBytes("\n[batchplane: the command truncated its output here; what it wrote just before may be missing]\n");

    private static readonly Answer<Nothing> Shipped = new(AnswerKind.Ok, Nothing.Instance, "");

    private readonly AgentOptions _options;
    private readonly ServerClient _client;
    private readonly JoinResponse _node;
    private readonly WorkDirectory _directory;
    private readonly ReportQueue _reports;
    private readonly TimeProvider _time;
    private readonly Action<string> _fenced;
    private readonly byte[] _cutNote;
    private volatile int _pieceBytes;

    /// <summary>A shipper for one epoch; calls <paramref name="fenced"/> when the server says that it is over.</summary>
    internal OutputShipper(AgentOptions options, ServerClient client, JoinResponse node, WorkDirectory directory, ReportQueue reports, TimeProvider time, Action<string> fenced)
    {
        _options = options;
        _client = client;
        _node = node;
        _directory = directory;
        _reports = reports;
        _time = time;
        _fenced = fenced;
        _cutNote = Encoding.UTF8.GetBytes($"\n[batchplane: output cut here, {node.MaxOutputBytes} bytes are kept]\n");
        _pieceBytes = Math.Min(options.OutputPieceBytes, node.MaxPieceBytes);
    }

    private long InlineBytes => Math.Min(_options.InlineOutputBytes, _node.MaxOutputBytes);

    // The note counts, so that with it the output is as long as the server keeps.
    private long CutAt => Math.Max(0, _node.MaxOutputBytes - _cutNote.Length);

    /// <summary>Uploads what a running attempt has written since the last time. Tries once: the next round continues where this one failed.</summary>
    internal async Task ShipLiveAsync(Attempt attempt, CancellationToken cancellation)
    {
        await ShipLiveAsync(attempt, OutputStream.Stdout, cancellation);
        await ShipLiveAsync(attempt, OutputStream.Stderr, cancellation);
    }

    /// <summary>Brings everything that is still missing of an ended attempt; tries until it is there, not wanted, or lost (<see cref="Attempt.OutputLost"/>), then gives the files back.</summary>
    internal async ValueTask<InlineOutput> FinishAsync(Attempt attempt, CancellationToken cancellation)
    {
        if (!attempt.Shipping.IsCompleted)
        {
            await attempt.Shipping;
        }

        var output = new InlineOutput(
            await FinishAsync(attempt, OutputStream.Stdout, cancellation), await FinishAsync(attempt, OutputStream.Stderr, cancellation));
        _directory.ReturnOutputs(attempt.Paths);
        return output;
    }

    private static string PathOf(Attempt attempt, OutputStream stream) => stream == OutputStream.Stdout ? attempt.Paths.Stdout.Path : attempt.Paths.Stderr.Path;

    private static OutputCursor CursorOf(Attempt attempt, OutputStream stream) => stream == OutputStream.Stdout ? attempt.Stdout : attempt.Stderr;

    private static long LengthOf(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? file.Length : 0;
    }

    private async Task ShipLiveAsync(Attempt attempt, OutputStream stream, CancellationToken cancellation)
    {
        if (!CursorOf(attempt, stream).IsUntouched || LengthOf(PathOf(attempt, stream)) > 0)
        {
            await ShipAsync(attempt, stream, isLast: false, cancellation);
        }
    }

    private async ValueTask<string?> FinishAsync(Attempt attempt, OutputStream stream, CancellationToken cancellation)
    {
        var path = PathOf(attempt, stream);
        if (CursorOf(attempt, stream).IsUntouched && LengthOf(path) is var length && length <= InlineBytes)
        {
            return length == 0 ? null : Convert.ToBase64String(await File.ReadAllBytesAsync(path, cancellation));
        }

        var isWaiting = false;
        try
        {
            var retry = new Backoff(_options.RetryPauseMax, _time);
            var since = attempt.EndedAt ?? _time.GetTimestamp();
            while (true)
            {
                var before = CursorOf(attempt, stream).Shipped;
                var answer = await ShipLastAsync(attempt, stream, cancellation);
                since = CursorOf(attempt, stream).Shipped > before ? _time.GetTimestamp() : since;
                if (answer.Kind == AnswerKind.NoStorage)
                {
                    isWaiting = isWaiting || _reports.OutputWaits();
                    attempt.OutputLost = attempt.IsHurried || _time.GetElapsedTime(since) >= _options.OutputPatience ? answer.Detail : attempt.OutputLost;
                }

                if (answer.Kind == AnswerKind.Ok || attempt.IsOutputUnwanted || attempt.OutputLost is not null)
                {
                    return null;
                }

                await retry.PauseAsync(cancellation);
            }
        }
        finally
        {
            if (isWaiting)
            {
                _reports.OutputWaitsNoMore();
            }
        }
    }

    // Not while it waits for another try: one that cannot be stored holds up no other.
    private async Task<Answer<Nothing>> ShipLastAsync(Attempt attempt, OutputStream stream, CancellationToken cancellation)
    {
        await FinalUploads.WaitAsync(cancellation);
        try
        {
            return await ShipAsync(attempt, stream, isLast: true, cancellation);
        }
        finally
        {
            FinalUploads.Release();
        }
    }

    // Tries once. What was shipped before counts when it is tried again.
    private async Task<Answer<Nothing>> ShipAsync(Attempt attempt, OutputStream stream, bool isLast, CancellationToken cancellation)
    {
        var cursor = CursorOf(attempt, stream);
        using var file = File.OpenHandle(PathOf(attempt, stream), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var length = RandomAccess.GetLength(file);
        if (!cursor.Holds(file, length, Math.Min(TruncatedNote.Length, CutAt - cursor.Shipped)))
        {
            attempt.Remember();
        }

        cursor.IsOver |= cursor.Base + length > _node.MaxOutputBytes;
        var end = isLast && !cursor.IsOver ? cursor.Base + length : Math.Min(cursor.Base + length, CutAt);
        var answer = await ShipNoteAsync(attempt, stream, cancellation);
        var buffer = new byte[Math.Clamp(end - cursor.Shipped, 1, _pieceBytes)];
        while (answer.Kind == AnswerKind.Ok && cursor.Shipped < end)
        {
            var size = (int)Math.Min(Math.Min(buffer.Length, _pieceBytes), end - cursor.Shipped);
            var read = await RandomAccess.ReadAsync(file, buffer.AsMemory(0, size), cursor.Shipped - cursor.Base, cancellation);
            if (read == 0)
            {
                // Truncated meanwhile, which the next look sees.
                return answer;
            }

            answer = await UploadAsync(attempt, stream, cursor.Shipped, buffer.AsMemory(0, read), cancellation);
            if (answer.Kind == AnswerKind.Ok)
            {
                cursor.ShippedPiece(buffer.AsSpan(0, read));
            }
            else if (answer.Kind == AnswerKind.Refused && read > JoinResponse.SmallestPieceBytes)
            {
                // The server was started again with another limit, or something in between has one.
                _pieceBytes = JoinResponse.SmallestPieceBytes;
                answer = Shipped;
            }
        }

        return answer.Kind == AnswerKind.Ok && isLast && cursor.IsOver
            ? Judge(attempt, await UploadAsync(attempt, stream, CutAt, _cutNote, cancellation))
            : Judge(attempt, answer);
    }

    private async Task<Answer<Nothing>> ShipNoteAsync(Attempt attempt, OutputStream stream, CancellationToken cancellation)
    {
        var cursor = CursorOf(attempt, stream);
        var missing = (int)(cursor.Base - cursor.Shipped);
        if (missing <= 0)
        {
            return Shipped;
        }

        var answer = await UploadAsync(attempt, stream, cursor.Shipped, TruncatedNote.AsMemory(cursor.NoteBytes - missing, missing), cancellation);
        if (answer.Kind == AnswerKind.Ok)
        {
            cursor.ShippedNote(missing);
        }

        return answer;
    }

    private static Answer<Nothing> Judge(Attempt attempt, Answer<Nothing> answer)
    {
        attempt.IsOutputUnwanted |= answer.Kind is AnswerKind.Fenced or AnswerKind.Unknown;
        attempt.OutputLost ??= answer.Kind == AnswerKind.Refused ? answer.Detail : null;
        return answer;
    }

    private async Task<Answer<Nothing>> UploadAsync(Attempt attempt, OutputStream stream, long offset, ReadOnlyMemory<byte> piece, CancellationToken cancellation)
    {
        if (attempt.IsOutputUnwanted || attempt.OutputLost is not null)
        {
            return new(AnswerKind.Unknown, null, "");
        }

        var (taskId, index, number) = attempt.Key;
        var answer = await _client.UploadAsync(AgentRoutes.Output(_node.NodeId, attempt.Claim.JobId, taskId, index, number, stream, offset, _node.Epoch), piece, cancellation);
        if (answer.Kind == AnswerKind.Fenced)
        {
            _fenced(answer.Detail);
        }

        return answer;
    }
}
