namespace BatchPlane.Server.Outputs;

/// <summary>Finds where the last lines of an output begin.</summary>
internal static class OutputTail
{
    private const int BlockBytes = 64 * 1024;
    private const byte LineFeed = (byte)'\n';

    /// <summary>
    /// Place of the first byte of the last <paramref name="lines"/> lines, looking back over at most <paramref name="maxBytes"/>: where that is not
    /// enough, the first line is not whole. A line feed at the very end ends a line and begins none.
    /// </summary>
    internal static async Task<long> FindAsync(OutputContent content, int lines, int maxBytes, CancellationToken cancellationToken)
    {
        var end = content.Length;
        if (lines == 0)
        {
            return end;
        }

        var floor = Math.Max(0, end - maxBytes);
        var buffer = new byte[BlockBytes];
        var missing = lines + 1;
        for (var blockEnd = end; blockEnd > floor;)
        {
            var begin = Math.Max(floor, blockEnd - BlockBytes);
            var block = buffer.AsMemory(0, (int)(blockEnd - begin));
            await FillAsync(content, begin, block, cancellationToken);
            if (blockEnd == end && block.Span[^1] != LineFeed)
            {
                // The last line has no end yet.
                missing--;
            }

            for (var i = block.Length - 1; i >= 0; i--)
            {
                if (block.Span[i] == LineFeed && --missing == 0)
                {
                    return begin + i + 1;
                }
            }

            blockEnd = begin;
        }

        return floor;
    }

    private static async Task FillAsync(OutputContent content, long position, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        for (var filled = 0; filled < buffer.Length;)
        {
            var read = await content.ReadAsync(position + filled, buffer[filled..], cancellationToken);
            if (read == 0)
            {
                throw new OutputStorageException("An output became shorter while it was read.", new EndOfStreamException());
            }

            filled += read;
        }
    }
}
