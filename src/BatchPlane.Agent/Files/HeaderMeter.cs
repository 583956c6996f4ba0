using System.Buffers.Binary;

namespace BatchPlane.Agent.Files;

/// <summary>
/// Stands between an archive and its reader. Readers keep in memory whatever an archive says of its entries; so only so much of it can be read, and a header of a
/// tar archive that announces more is refused before room is made for it.
/// </summary>
internal sealed class HeaderMeter(Stream inner) : Stream
{
    private const int BlockBytes = 512;
    private const int SizeOffset = 124;
    private const int SizeLength = 12;
    private const int SumOffset = 148;
    private const int SumLength = 8;
    private const int KindOffset = 156;

    private long? _left;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => inner.CanSeek;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => inner.Length;

    /// <inheritdoc/>
    public override long Position
    {
        get => inner.Position;
        set => inner.Position = value;
    }

    /// <summary>From here on only so many bytes may be read.</summary>
    internal void Allow(long bytes) => _left = bytes;

    /// <summary>From here on what is read is content, which is counted where it is written.</summary>
    internal void AllowAll() => _left = null;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_left is not { } left)
        {
            return await inner.ReadAsync(buffer, cancellationToken);
        }

        // Whole blocks, so that a header is seen as one.
        var read = await inner.ReadAtLeastAsync(buffer, Math.Min(buffer.Length, BlockBytes), throwOnEndOfStream: false, cancellationToken);
        if (read == BlockBytes && SizeOfAttributes(buffer.Span) is { } size && size > left)
        {
            throw TooLarge();
        }

        _left = read <= left ? left - read : throw TooLarge();
        return read;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private static StagingException TooLarge() => new("what it says of its entries is too large");

    // Bytes of the attributes or of the long name that follow this block; null when it is no header of such.
    private static long? SizeOfAttributes(ReadOnlySpan<byte> block)
    {
        if (block[KindOffset] is not ((byte)'x' or (byte)'g' or (byte)'K' or (byte)'L') || !HasSum(block))
        {
            return null;
        }

        var size = block.Slice(SizeOffset, SizeLength);
        return (size[0] & 0x80) != 0 ? BinaryPrimitives.ReadInt64BigEndian(size[^sizeof(long)..]) & long.MaxValue : Octal(size);
    }

    // The sum of a header counts itself as spaces.
    private static bool HasSum(ReadOnlySpan<byte> block)
    {
        var sum = SumLength * ' ';
        for (var i = 0; i < BlockBytes; i++)
        {
            sum += i is >= SumOffset and < SumOffset + SumLength ? 0 : block[i];
        }

        return Octal(block.Slice(SumOffset, SumLength)) == sum;
    }

    private static long? Octal(ReadOnlySpan<byte> text)
    {
        var value = 0L;
        foreach (var digit in text.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return null;
            }

            value = (value * 8) + (digit - '0');
        }

        return value;
    }
}
