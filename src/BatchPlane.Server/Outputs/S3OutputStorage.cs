using System.Globalization;
using System.Runtime.InteropServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using BatchPlane.Storage;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Outputs;

/// <summary>
/// Outputs in a bucket of an S3-compatible store. Objects cannot be appended to, so each piece is an object of its own, named by its offset and
/// length in hexadecimal digits: <c>&lt;prefix&gt;&lt;path&gt;/&lt;offset, 16 digits&gt;-&lt;length, 8 digits&gt;</c>. Sorted by name they are sorted by place; a list gives every length, and following
/// an output lists only what is behind a known offset.
/// </summary>
/// <remarks>
/// No server keeps anything, so any may take the next piece. Pieces that are written again may be cut differently and arrive late; the bytes are
/// the same, no object replaces a longer one, and a reader takes at each place the piece that reaches furthest. Nothing is put together afterwards: an output that trickles for
/// days has many small objects, which cost a request for each thousand of them to find and one each to read.
/// </remarks>
internal sealed class S3OutputStorage : IOutputStorage, IDisposable
{
    private const int OffsetDigits = 16;

    private readonly IAmazonS3 _store;
    private readonly string _bucket;
    private readonly string _prefix;
    private readonly int _maxPieceBytes;

    public S3OutputStorage(IOptions<OutputOptions> options)
    {
        var settings = options.Value;
        _store = settings.ToConnection().Open();
        _bucket = settings.S3Bucket ?? throw new InvalidOperationException("Outputs.S3Bucket is missing.");
        _prefix = settings.S3Prefix;
        _maxPieceBytes = settings.MaxPieceBytes;
        ParallelWrites = settings.MaxConcurrentWrites;
    }

    /// <inheritdoc/>
    public int ParallelWrites { get; }

    /// <inheritdoc/>
    public Task WriteAsync(OutputOf output, long offset, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken) => AskAsync(async () =>
    {
        // Not cancelled with the request: the SDK would count an upload that was broken off as a fault of the store.
        using var body = MemoryMarshal.TryGetArray(piece, out var bytes)
            ? new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false)
            : new MemoryStream(piece.ToArray(), writable: false);
        return await _store.PutObjectAsync(
            new PutObjectRequest { BucketName = _bucket, Key = string.Create(CultureInfo.InvariantCulture, $"{KeyOf(output)}{offset:x16}-{piece.Length:x8}"), InputStream = body, AutoCloseStream = false, UseChunkEncoding = false },
            CancellationToken.None);
    }, CancellationToken.None);

    /// <inheritdoc/>
    public Task<OutputContent?> OpenAsync(OutputOf output, long from, CancellationToken cancellationToken) => AskAsync<OutputContent?>(async () =>
    {
        var key = KeyOf(output);
        var pieces = new List<S3Piece>();
        // A piece that covers the place may begin as much earlier as a piece is long.
        var request = new ListObjectsV2Request
        {
            BucketName = _bucket,
            Prefix = key,
            StartAfter = from > _maxPieceBytes ? key + (from - _maxPieceBytes - 1).ToString("x16", CultureInfo.InvariantCulture) : null,
        };
        await foreach (var item in _store.Paginators.ListObjectsV2(request).S3Objects.WithCancellation(cancellationToken))
        {
            pieces.Add(new(item.Key, long.Parse(item.Key.AsSpan(key.Length, OffsetDigits), NumberStyles.HexNumber, CultureInfo.InvariantCulture), item.Size ?? 0));
        }

        if (pieces.Count > 0 || from == 0)
        {
            return pieces.Count == 0 ? null : new S3Content(_store, _bucket, pieces);
        }

        // The output is shorter than what was asked for, if it is there at all.
        return await OpenAsync(output, 0, cancellationToken);
    }, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RemoveAsync(string jobId, DateTimeOffset? writtenBefore, int limit, CancellationToken cancellationToken) => AskAsync(async () =>
    {
        var removed = 0;
        string? after = null;
        do
        {
            var page = await _store.ListObjectsV2Async(new ListObjectsV2Request { BucketName = _bucket, Prefix = $"{_prefix}{jobId}/", StartAfter = after }, cancellationToken);
            var objects = page.S3Objects ?? [];
            var old = objects.Where(item => writtenBefore is not { } before || item.LastModified?.ToUniversalTime() < before.UtcDateTime).Select(item => new KeyVersion { Key = item.Key }).ToList();
            if (old.Count > 0)
            {
                await _store.DeleteObjectsAsync(new DeleteObjectsRequest { BucketName = _bucket, Objects = old, Quiet = true }, cancellationToken);
                removed += old.Count;
            }

            after = page.IsTruncated == true ? objects[^1].Key : null;
        }
        while (after is not null && removed < limit);

        return after is null;
    }, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _store.Dispose();

    private async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await ask();
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested
            && exception is (AmazonServiceException or AmazonClientException or HttpRequestException or TimeoutException or OperationCanceledException))
        {
            throw new OutputStorageException($"The bucket {_bucket}: {S3Connection.Explain(exception)}", exception);
        }
    }

    private string KeyOf(OutputOf output) => $"{_prefix}{output.Path}/";
}
