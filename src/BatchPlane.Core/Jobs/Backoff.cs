using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

/// <summary>How long an instance waits before its next attempt. Pure: the jitter comes from what is waited for, so that the same wait is computed again after a crash and by a simulator.</summary>
internal static class Backoff
{
    /// <summary>The wait after the <paramref name="failures"/>-th failed attempt, in whole milliseconds.</summary>
    internal static TimeSpan Of(BackoffDocument backoff, int failures, string jobId, int taskNo, int index, int attempt)
    {
        var grown = backoff.InitialSeconds * Math.Pow(backoff.Multiplier, Math.Max(0, failures - 1));
        var seconds = Math.Min(grown, backoff.MaxSeconds) * (1 - (backoff.Jitter * Share(jobId, taskNo, index, attempt)));
        return TimeSpan.FromMilliseconds(Math.Round(seconds * 1_000));
    }

    /// <summary>At least 0 and below 1, evenly spread over instances and attempts.</summary>
    private static double Share(string jobId, int taskNo, int index, int attempt)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{jobId}/{taskNo}/{index}/{attempt}");
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));

        // 53 bits: as many as a double holds exactly.
        return (BinaryPrimitives.ReadUInt64BigEndian(hash) >> 11) / (double)(1UL << 53);
    }
}
