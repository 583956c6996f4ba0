using BatchPlane.Core.Journal;
using BatchPlane.Server.Dispatch;
using BatchPlane.Simulation.Tests.Kernel;

namespace BatchPlane.Simulation.Tests.Servers;

/// <summary>Holds its share of the shards by leases and delivers each, after <see cref="DispatcherLoop"/>.</summary>
internal sealed class Dispatcher(Cluster cluster, Life life)
{
    private static readonly TimeSpan Lease = DispatchOptions.DefaultLeaseDuration;
    private static readonly int Renewal = (int)DispatchOptions.DefaultLeaseRenewal.TotalMilliseconds;
    private static readonly int Poll = (int)DispatchOptions.DefaultPollInterval.TotalMilliseconds;

    private readonly Dictionary<short, ShardPump> _held = [];

    internal void Start()
    {
        Renew();
        PollAgain();
    }

    /// <summary>A commit left events.</summary>
    internal void LookSoon()
    {
        foreach (var pump in _held.Values)
        {
            pump.LookSoon();
        }
    }

    private void PollAgain() => cluster.World.After(Poll, life, World.Quietly, () =>
    {
        LookSoon();
        PollAgain();
    });

    private void Renew()
    {
        var now = cluster.Database.Now;
        var tables = cluster.Tables;
        tables.Dispatchers[life.Name] = now + Lease;
        var share = (DispatcherShard.Count + Living(now) - 1) / Living(now);
        foreach (var (shard, pump) in _held.ToList())
        {
            var row = tables.Shards[shard];
            if (row.Epoch != pump.Epoch)
            {
                Lose(shard);
            }
            else if (_held.Count > share && pump.IsIdle)
            {
                row.Holder = null;
                Lose(shard);
            }
            else
            {
                row.LeaseUntil = now + Lease;
                pump.ValidUntil = now + Lease;
            }
        }

        for (short shard = 0; shard < DispatcherShard.Count && _held.Count < share; shard++)
        {
            var row = tables.Shards[shard];
            if (!_held.ContainsKey(shard) && (row.Holder is null || row.LeaseUntil <= now))
            {
                (row.Holder, row.LeaseUntil) = (life.Name, now + Lease);
                row.Epoch++;
                _held.Add(shard, new(cluster, life, shard, row.Epoch, row.Cursor, () => Lose(shard)) { ValidUntil = now + Lease });
                _held[shard].LookSoon();
            }
        }

        cluster.World.After(Renewal, life, World.Quietly, Renew);
    }

    private int Living(DateTimeOffset now) => cluster.Tables.Dispatchers.Values.Count(until => until > now);

    private void Lose(short shard)
    {
        if (_held.Remove(shard, out var pump))
        {
            pump.Lose();
        }
    }
}
