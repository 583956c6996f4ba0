using System.Diagnostics;
using BatchPlane.Core.Journal;
using Npgsql;

namespace BatchPlane.Database.Tests.Journal;

/// <summary>Reads one shard behind a cursor, as a dispatcher does, while others write.</summary>
internal sealed class OutboxFollower(NpgsqlDataSource dataSource, short shard)
{
    private const int PageSize = 500;

    private readonly OutboxReader _reader = new(dataSource);
    private OutboxPosition _position;

    /// <summary>Of each job, the sequence read last.</summary>
    internal Dictionary<string, long> Last { get; } = new(StringComparer.Ordinal);

    /// <summary>What was not the next of its job: missed, repeated or out of order.</summary>
    internal List<string> Breaks { get; } = [];

    /// <summary>Rows read.</summary>
    internal long Count { get; private set; }

    /// <summary>Reads until <paramref name="over"/>, and then what is left.</summary>
    internal async Task FollowAsync(Task over)
    {
        while (true)
        {
            var last = over.IsCompleted;
            var page = await _reader.ReadAsync(shard, _position, PageSize, default);
            foreach (var row in page.Rows)
            {
                Note(row);
            }

            _position = page.Rows.Count > 0 ? page.Rows[^1].End : _position;
            if (last && page.Rows.Count == 0 && !page.Unsettled)
            {
                return;
            }

            await Task.Yield();
        }
    }

    private void Note(OutboxRow row)
    {
        Count++;
        var before = Last.GetValueOrDefault(row.SubjectId);
        var next = OutboxHistory.IsAsked(before + 1) ? before + 1 : before + 2;
        if (row.Sequence != next)
        {
            Breaks.Add($"{row.SubjectId}: {row.Sequence} after {before}");
        }

        Last[row.SubjectId] = row.Sequence + row.Span - 1;
    }
}

/// <summary>The control: reads what has a greater number than the last one it saw, as outboxes are often read.</summary>
internal sealed class NaiveFollower(NpgsqlDataSource dataSource)
{
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(1);

    private long _last;

    /// <summary>Rows read.</summary>
    internal long Count { get; private set; }

    /// <summary>Reads until <paramref name="over"/>, and then what is left.</summary>
    internal async Task FollowAsync(Task over)
    {
        var ended = 0L;
        while (true)
        {
            ended = ended == 0 && over.IsCompleted ? Stopwatch.GetTimestamp() : ended;
            await using var command = dataSource.CreateCommand("SELECT event_no FROM events WHERE event_no > $1 AND notify <> 0 ORDER BY event_no LIMIT 500");
            command.Parameters.Add(new() { Value = _last });
            await using var reader = await command.ExecuteReaderAsync();
            var any = false;
            while (await reader.ReadAsync())
            {
                _last = reader.GetInt64(0);
                Count++;
                any = true;
            }

            if (!any && ended != 0 && Stopwatch.GetElapsedTime(ended) > Settle)
            {
                return;
            }
        }
    }
}
