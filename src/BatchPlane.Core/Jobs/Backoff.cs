using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

/// <summary>How long an instance waits before its next attempt. Pure: the jitter comes from what is waited for, so that the same wait is computed again after a crash and by a simulator.</summary>
internal static class Backoff
{
    /// <summary>
    /// Different waits of one task at most. Waits end in their order; if each instance of a large task had its own, the ranges of indexes in the
    /// task's row would become as many as instances.
    /// </summary>
    internal const int MaxDifferent = 4_096;

    /// <summary>The wait after the <paramref name="failures"/>-th failed attempt, in whole milliseconds.</summary>
    internal static TimeSpan Of(BackoffDocument backoff, int failures, string jobId, TaskRecord task, int index, int attempt)
    {
        var grown = backoff.InitialSeconds * Math.Pow(backoff.Multiplier, Math.Max(0, failures - 1));
        var block = index / (1 + ((task.InstanceCount - 1) / MaxDifferent));
        var seconds = Math.Min(grown, backoff.MaxSeconds) * (1 - (backoff.Jitter * Share(jobId, task.TaskNo, block, attempt)));
        return TimeSpan.FromMilliseconds(Math.Round(seconds * 1_000));
    }

    /// <summary>At least 0 and below 1, evenly spread over blocks of instances and attempts.</summary>
    private static double Share(string jobId, int taskNo, int block, int attempt)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{jobId}/{taskNo}/{block}/{attempt}");
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));

        // 53 bits: as many as a double holds exactly.
        return (BinaryPrimitives.ReadUInt64BigEndian(hash) >> 11) / (double)(1UL << 53);
    }
}
