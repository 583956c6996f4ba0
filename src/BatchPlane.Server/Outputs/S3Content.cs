using Amazon.S3;
using Amazon.S3.Model;

namespace BatchPlane.Server.Outputs;

/// <summary>One object that holds a piece of an output.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Offset">Place of its first byte in the output.</param>
/// <param name="Size">Bytes.</param>
internal readonly record struct S3Piece(string Key, long Offset, long Size)
{
    internal long End => Offset + Size;
}

/// <summary>An output made of objects, read one after the other; of each no more than a buffer is in memory.</summary>
/// <param name="store">The store.</param>
/// <param name="bucket">The bucket.</param>
/// <param name="pieces">Sorted by key, at least one; they may overlap.</param>
internal sealed class S3Content(IAmazonS3 store, string bucket, List<S3Piece> pieces) : OutputContent
{
    private GetObjectResponse? _open;
    private S3Piece _current;
    private long _position;

    internal override long Length { get; } = pieces.Max(piece => piece.End);

    internal override async ValueTask<int> ReadAsync(long position, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (position >= Length || buffer.IsEmpty)
        {
            return 0;
        }

        if (_open is null || _position != position || position >= _current.End)
        {
            await SeekAsync(position, cancellationToken);
        }

        var read = await _open!.ResponseStream.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _current.End - position)], cancellationToken);
        if (read == 0)
        {
            throw new OutputStorageException($"The object {_current.Key} ends early.", new EndOfStreamException());
        }

        _position = position + read;
        return read;
    }

    public override ValueTask DisposeAsync()
    {
        _open?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task SeekAsync(long position, CancellationToken cancellationToken)
    {
        _open?.Dispose();
        _open = null;
        // Agents write without holes; one would be the loss of an object by the store.
        _current = pieces.Where(piece => piece.Offset <= position && position < piece.End).OrderByDescending(piece => piece.End).Select(piece => (S3Piece?)piece).FirstOrDefault()
            ?? throw new OutputStorageException($"The store has no byte {position} of {pieces[0].Key}.", new EndOfStreamException());
        try
        {
            _open = await store.GetObjectAsync(
                new GetObjectRequest { BucketName = bucket, Key = _current.Key, ByteRange = new ByteRange(position - _current.Offset, _current.Size - 1) }, cancellationToken);
        }
        catch (AmazonS3Exception exception)
        {
            throw new OutputStorageException($"The object {_current.Key} cannot be read: {exception.Message}", exception);
        }

        _position = position;
    }
}
