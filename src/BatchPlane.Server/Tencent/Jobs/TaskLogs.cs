using BatchPlane.Server.Outputs;

namespace BatchPlane.Server.Tencent.Jobs;

/// <summary>The ends of outputs, as <c>DescribeTaskLogs</c> shows them.</summary>
internal sealed class TaskLogs(IOutputStorage storage)
{
    private const int MaxBytes = 2_048;
    private const string Prefix = "data:text/plain;charset=utf-8;base64,";

    /// <summary>The last bytes of an output as a data URI; empty where nothing was written. Throws <see cref="OutputStorageException"/>.</summary>
    internal async Task<string> ReadAsync(OutputOf output, CancellationToken cancellationToken)
    {
        if (output.Attempt == 0 || await storage.OpenAsync(output, 0, cancellationToken) is not { } content)
        {
            return Prefix;
        }

        await using (content)
        {
            var begin = Math.Max(0, content.Length - MaxBytes);
            var bytes = new byte[(int)(content.Length - begin)];
            var filled = 0;
            for (var read = 1; read > 0 && filled < bytes.Length; filled += read)
            {
                read = await content.ReadAsync(begin + filled, bytes.AsMemory(filled), cancellationToken);
            }

            return Prefix + Convert.ToBase64String(WithoutTornCharacter(bytes.AsSpan(0, filled), isTorn: begin > 0));
        }
    }

    /// <summary>Where the beginning was cut off, it is cut to a whole character.</summary>
    private static ReadOnlySpan<byte> WithoutTornCharacter(ReadOnlySpan<byte> bytes, bool isTorn)
    {
        const int MaxTorn = 3;
        var torn = 0;
        while (isTorn && torn < MaxTorn && torn < bytes.Length && (bytes[torn] & 0xC0) == 0x80)
        {
            torn++;
        }

        return bytes[torn..];
    }
}
