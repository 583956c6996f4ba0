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
/// the attempt still runs so that people can follow it. What is over the server's limit is left out, with a line that says so.
/// </summary>
internal sealed class OutputShipper
{
    /// <summary>Last outputs uploaded at once in this process, each with a buffer of a piece; the others wait.</summary>
    private static readonly SemaphoreSlim FinalUploads = new(4);

    private readonly AgentOptions _options;
    private readonly ServerClient _client;
    private readonly JoinResponse _node;
    private readonly WorkDirectory _directory;
    private readonly TimeProvider _time;
    private readonly Action<string> _fenced;
    private readonly byte[] _cutNote;

    /// <summary>A shipper for one epoch; calls <paramref name="fenced"/> when the server says that it is over.</summary>
    internal OutputShipper(AgentOptions options, ServerClient client, JoinResponse node, WorkDirectory directory, TimeProvider time, Action<string> fenced)
    {
        _options = options;
        _client = client;
        _node = node;
        _directory = directory;
        _time = time;
        _fenced = fenced;
        _cutNote = Encoding.UTF8.GetBytes($"\n[batchplane: output cut here, {node.MaxOutputBytes} bytes are kept]\n");
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

    /// <summary>Brings everything that is still missing of an ended attempt; tries until it is there or not wanted, then gives the files back.</summary>
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

    private static long ShippedOf(Attempt attempt, OutputStream stream) => stream == OutputStream.Stdout ? attempt.StdoutShipped : attempt.StderrShipped;

    private static long LengthOf(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? file.Length : 0;
    }

    private async Task ShipLiveAsync(Attempt attempt, OutputStream stream, CancellationToken cancellation)
    {
        var end = Math.Min(LengthOf(PathOf(attempt, stream)), CutAt);
        if (end > ShippedOf(attempt, stream) && !attempt.OutputRefused)
        {
            await ShipToAsync(attempt, stream, end, retry: null, cancellation);
        }
    }

    private async ValueTask<string?> FinishAsync(Attempt attempt, OutputStream stream, CancellationToken cancellation)
    {
        var path = PathOf(attempt, stream);
        var length = LengthOf(path);
        if (ShippedOf(attempt, stream) == 0 && length <= InlineBytes)
        {
            return length == 0 ? null : Convert.ToBase64String(await File.ReadAllBytesAsync(path, cancellation));
        }

        await FinalUploads.WaitAsync(cancellation);
        try
        {
            await FinishLongAsync(attempt, stream, length, cancellation);
        }
        finally
        {
            FinalUploads.Release();
        }

        return null;
    }

    private async Task FinishLongAsync(Attempt attempt, OutputStream stream, long length, CancellationToken cancellation)
    {
        var retry = new Backoff(_options.RetryPauseMax, _time);
        var isCut = length > _node.MaxOutputBytes;
        await ShipToAsync(attempt, stream, isCut ? CutAt : length, retry, cancellation);
        if (isCut)
        {
            await UploadAsync(attempt, stream, CutAt, _cutNote, retry, cancellation);
        }
    }

    private async Task ShipToAsync(Attempt attempt, OutputStream stream, long end, Backoff? retry, CancellationToken cancellation)
    {
        using var file = File.OpenHandle(PathOf(attempt, stream), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var buffer = new byte[Math.Min(_options.OutputPieceBytes, Math.Max(1, end))];
        while (ShippedOf(attempt, stream) is var offset && offset < end)
        {
            var size = (int)Math.Min(buffer.Length, end - offset);
            var read = await RandomAccess.ReadAsync(file, buffer.AsMemory(0, size), offset, cancellation);
            if (read == 0 || !await UploadAsync(attempt, stream, offset, buffer.AsMemory(0, read), retry, cancellation))
            {
                return;
            }

            if (stream == OutputStream.Stdout)
            {
                attempt.StdoutShipped = offset + read;
            }
            else
            {
                attempt.StderrShipped = offset + read;
            }
        }
    }

    // True when the piece is at the server.
    private async Task<bool> UploadAsync(Attempt attempt, OutputStream stream, long offset, ReadOnlyMemory<byte> piece, Backoff? retry, CancellationToken cancellation)
    {
        var (taskId, index, number) = attempt.Key;
        var route = AgentRoutes.Output(_node.NodeId, attempt.Claim.JobId, taskId, index, number, stream, offset, _node.Epoch);
        while (!attempt.OutputRefused)
        {
            var answer = await _client.UploadAsync(route, piece, cancellation);
            switch (answer.Kind)
            {
                case AnswerKind.Ok:
                    return true;
                case AnswerKind.Fenced:
                    _fenced(answer.Detail);
                    attempt.OutputRefused = true;
                    break;
                case AnswerKind.Unknown:
                case AnswerKind.Refused:
                    attempt.OutputRefused = true;
                    break;
                case AnswerKind.Unavailable when retry is null:
                    return false;
                case AnswerKind.Unavailable:
                    await retry.PauseAsync(cancellation);
                    break;
            }
        }

        return false;
    }
}
