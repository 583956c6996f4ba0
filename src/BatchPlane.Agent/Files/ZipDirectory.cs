using System.Buffers.Binary;

namespace BatchPlane.Agent.Files;

/// <summary>
/// Walks through the directory at the end of a zip archive, which its reader loads as a whole, before it does. What the archive claims to have is not believed: the
/// entries are counted.
/// </summary>
internal static class ZipDirectory
{
    private const int BytesPerEntry = 1_024;
    private const int EndBytes = 22;
    private const int MaxCommentBytes = 65_535;
    private const int LocatorBytes = 20;
    private const int LargeEndBytes = 56;
    private const int HeaderBytes = 46;
    private const int BufferBytes = 64 * 1024;

    /// <summary>Most bytes of a directory: 1 KiB for each entry, and for one with the longest name and comment.</summary>
    internal static long MaxBytes(int maxEntries) => ((long)maxEntries * BytesPerEntry) + (4 * MaxCommentBytes);

    /// <summary>Refuses more entries than allowed, and more bytes. Leaves the archive at its begin.</summary>
    internal static async Task CheckAsync(Stream archive, int maxEntries, CancellationToken cancellation)
    {
        foreach (var start in await StartsAsync(archive, cancellation))
        {
            await WalkAsync(archive, start, maxEntries, cancellation);
        }

        archive.Position = 0;
    }

    // Where the directory begins: as the record at the end says, and as the one for large archives says, if there is one.
    private static async Task<List<long>> StartsAsync(Stream archive, CancellationToken cancellation)
    {
        var tail = new byte[Math.Min(archive.Length, EndBytes + MaxCommentBytes + LocatorBytes)];
        archive.Position = archive.Length - tail.Length;
        await archive.ReadExactlyAsync(tail, cancellation);
        var end = tail.AsSpan(0, Math.Max(0, tail.Length - EndBytes + sizeof(uint))).LastIndexOf("PK\u0005\u0006"u8);
        if (end < 0)
        {
            throw new InvalidDataException("it has no directory");
        }

        List<long> starts = [BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(end + 16))];
        if (end >= LocatorBytes && tail.AsSpan(end - LocatorBytes).StartsWith("PK\u0006\u0007"u8))
        {
            var large = BinaryPrimitives.ReadInt64LittleEndian(tail.AsSpan(end - LocatorBytes + 8));
            if (large < 0 || large > archive.Length - LargeEndBytes)
            {
                throw new InvalidDataException("it has no directory");
            }

            var record = new byte[LargeEndBytes];
            archive.Position = large;
            await archive.ReadExactlyAsync(record, cancellation);
            starts.Add(BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(48)));
        }

        return starts;
    }

    private static async Task WalkAsync(Stream archive, long start, int maxEntries, CancellationToken cancellation)
    {
        if (start < 0 || start > archive.Length)
        {
            return;
        }

        archive.Position = start;
        var buffered = new BufferedStream(archive, BufferBytes); // never closed: the archive goes on
        var header = new byte[HeaderBytes];
        var bytes = 0L;
        for (var entries = 0; await buffered.ReadAtLeastAsync(header, HeaderBytes, throwOnEndOfStream: false, cancellation) == HeaderBytes && header.AsSpan().StartsWith("PK\u0001\u0002"u8); entries++)
        {
            var rest = LengthAt(header, 28) + LengthAt(header, 30) + LengthAt(header, 32);
            bytes += HeaderBytes + rest;
            if (entries >= maxEntries)
            {
                throw new StagingException(FormattableString.Invariant($"it has more than {maxEntries} entries"));
            }

            if (bytes > MaxBytes(maxEntries))
            {
                throw new StagingException(FormattableString.Invariant($"what it says of its entries is larger than {MaxBytes(maxEntries)} bytes"));
            }

            buffered.Seek(rest, SeekOrigin.Current);
        }
    }

    private static int LengthAt(byte[] header, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(offset));
}
