using System.Buffers.Binary;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.ReadModel;

namespace BatchPlane.Core.Listeners;

/// <summary>Which events of a job listeners are told. Decided by what the row itself says, so that every server and every try decides the same.</summary>
internal static class TraceSample
{
    private static readonly string InstanceLevel = EventCatalogue.WireName(EventLevel.TaskInstance);

    /// <summary>True when listeners are told of an event of a row.</summary>
    /// <param name="mode">What the job wants; of a subject that is none, or was removed: everything.</param>
    /// <param name="row">The row.</param>
    /// <param name="offset">Which of its events.</param>
    /// <param name="every">One instance in so many is chosen.</param>
    internal static bool Includes(TracingMode mode, EventRow row, int offset, int every) => mode switch
    {
        TracingMode.Full => true,
        TracingMode.Off => false,
        TracingMode.Sampled => row.Level != InstanceLevel
            || row.InstanceIndex is not { } first
            || row.Attempt > 1
            || ExecutionViews.ResultOf(row) is not (null or ExecutionResults.Success)
            || IsChosen(row.SubjectId, row.TaskNo ?? 0, first + offset, every),
    };

    /// <summary>True for one instance in <paramref name="every"/>, the same ones each time; spread over tasks and indexes.</summary>
    internal static bool IsChosen(string jobId, int taskNo, int index, int every)
    {
        Span<byte> place = stackalloc byte[2 * sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(place, taskNo);
        BinaryPrimitives.WriteInt32LittleEndian(place[sizeof(int)..], index);
        var hash = Fnv.Offset;
        foreach (var character in jobId)
        {
            hash = (hash ^ character) * Fnv.Prime;
        }

        foreach (var part in place)
        {
            hash = (hash ^ part) * Fnv.Prime;
        }

        // The low bits of FNV follow the last byte too closely for a remainder.
        hash ^= hash >> 32;
        hash *= Fnv.Spread;
        hash ^= hash >> 29;
        return hash % (uint)every == 0;
    }

    private static class Fnv
    {
        internal const ulong Offset = 14695981039346656037;
        internal const ulong Prime = 1099511628211;
        internal const ulong Spread = 0x9E3779B97F4A7C15;
    }
}
