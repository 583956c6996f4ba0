using BatchPlane.Contracts;
using Npgsql;

namespace BatchPlane.Core.Jobs;

/// <summary>What an ended attempt used: a row of <c>attempt_usage</c>, written once.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Index">Instance index.</param>
/// <param name="Attempt">Attempt number.</param>
/// <param name="Usage">As its node told, nothing below zero.</param>
public sealed record UsageRecord(long TaskId, int Index, int Attempt, ResourceUsage Usage)
{
    internal static NpgsqlBatchCommand Upsert(IReadOnlyList<UsageRecord> rows) => JobRows.Command(
        "Jobs/Sql/attempt_usage_upsert.sql",
        new NpgsqlParameter<long[]>("task_ids", [.. rows.Select(row => row.TaskId)]),
        new NpgsqlParameter<int[]>("indexes", [.. rows.Select(row => row.Index)]),
        new NpgsqlParameter<int[]>("attempts", [.. rows.Select(row => row.Attempt)]),
        new NpgsqlParameter<long[]>("cpu_ms", [.. rows.Select(row => row.Usage.CpuMs)]),
        new NpgsqlParameter<long[]>("peak_memory_kib", [.. rows.Select(row => row.Usage.PeakMemoryKib)]));
}
