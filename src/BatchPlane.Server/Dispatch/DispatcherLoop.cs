using BatchPlane.Core;
using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;

namespace BatchPlane.Server.Dispatch;

/// <summary>
/// Role <c>dispatcher</c>: holds this server's share of the shards and runs a <see cref="ShardDispatcher"/> for each. Renews
/// its leases, takes free shards up to its share and gives up what is beyond it, so that servers that come and go divide the shards
/// evenly. One that dies is replaced when its leases run out; one that stops gives its shards back at once.
/// </summary>
internal sealed partial class DispatcherLoop(
    ShardLeases leases,
    DispatchServices services,
    TimeProvider time,
    ILogger<DispatcherLoop> logger) : BackgroundService
{
    private readonly string _holder = $"{Environment.MachineName}:{Environment.ProcessId}:{EntityId.New("")}";
    private readonly Dictionary<short, ShardDispatcher> _shards = [];

    // Shards that are given up, each until it has ended: that takes as long as the broker does, and must not hold up the renewal of the others.
    private readonly List<Task> _ending = [];
    private bool _databaseAway;

    /// <summary>Shards held now.</summary>
    internal int Held => _shards.Count;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await StepAsync(stoppingToken);
                await Task.Delay(services.Options.LeaseRenewal, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await LeaveAsync();
        }
    }

    private async Task StepAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Before the request: the database counts the lease from a later moment, so ours ends first.
            var validUntil = time.GetTimestamp() + (long)(services.Options.LeaseDuration.TotalSeconds * time.TimestampFrequency);
            var held = _shards.Values.Select(shard => shard.Lease).ToArray();
            var renewal = await leases.RenewAsync(_holder, held, services.Options.LeaseDuration, cancellationToken);
            _ending.RemoveAll(task => task.IsCompleted);
            Apply(renewal, validUntil);
            await ShareAsync(renewal.Share, validUntil, cancellationToken);
            if (_databaseAway)
            {
                _databaseAway = false;
                Log.DatabaseBack(logger);
            }
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // Whatever it is (a full disk, a database that became read-only), it must not end the server: the leases run out meanwhile.
            if (!_databaseAway)
            {
                _databaseAway = true;
                Log.DatabaseAway(logger, ExpectedFaults.IsTransient(fault) ? LogLevel.Warning : LogLevel.Error, fault.Message);
            }
        }
    }

    private void Apply(LeaseRenewal renewal, long validUntil)
    {
        foreach (var shard in _shards.Values.ToArray())
        {
            if (!renewal.Renewed.Contains(shard.Lease.Shard))
            {
                shard.Lose();
                _shards.Remove(shard.Lease.Shard);
                _ending.Add(shard.DisposeAsync().AsTask());
            }
            else if (shard.Running.IsCompleted)
            {
                // It ended by itself although the lease is ours: given back, so that somebody takes it at once.
                GiveUp(shard);
            }
            else
            {
                shard.Extend(validUntil);
            }
        }
    }

    private async Task ShareAsync(int share, long validUntil, CancellationToken cancellationToken)
    {
        while (_shards.Count > share)
        {
            GiveUp(_shards.Values.Last());
        }

        if (_shards.Count == share)
        {
            return;
        }

        foreach (var lease in await leases.ClaimAsync(_holder, share - _shards.Count, services.Options.LeaseDuration, cancellationToken))
        {
            var shard = new ShardDispatcher(lease, services);
            _shards.Add(lease.Shard, shard);
            shard.Start(validUntil);
            Log.Took(logger, lease.Shard, lease.Epoch);
        }
    }

    private void GiveUp(ShardDispatcher shard)
    {
        _shards.Remove(shard.Lease.Shard);
        _ending.Add(ReleaseAsync(shard));
    }

    /// <summary>Ends a shard and gives it back. Never faults: what cannot be given back is taken over when its lease runs out.</summary>
    private async Task ReleaseAsync(ShardDispatcher shard)
    {
        try
        {
            await shard.DisposeAsync();
            await leases.ReleaseAsync(shard.Lease, CancellationToken.None);
            Log.Released(logger, shard.Lease.Shard, shard.Lease.Epoch);
        }
        catch (Exception fault)
        {
            Log.LeftWithoutWord(logger, ExpectedFaults.IsTransient(fault) ? LogLevel.Warning : LogLevel.Error, fault.Message);
        }
    }

    private async Task LeaveAsync()
    {
        foreach (var shard in _shards.Values.ToArray())
        {
            GiveUp(shard);
        }

        await Task.WhenAll(_ending);
        try
        {
            await leases.LeaveAsync(_holder, CancellationToken.None);
        }
        catch (Exception fault) when (ExpectedFaults.IsTransient(fault))
        {
            Log.LeftWithoutWord(logger, LogLevel.Warning, fault.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5031, LogLevel.Information, "Delivers shard {Shard}, epoch {Epoch}")]
        internal static partial void Took(ILogger logger, short shard, long epoch);

        [LoggerMessage(5032, LogLevel.Information, "Gave shard {Shard} back, epoch {Epoch}")]
        internal static partial void Released(ILogger logger, short shard, long epoch);

        [LoggerMessage(EventId = 5033, Message = "Dispatcher leases cannot be renewed: {Reason}")]
        internal static partial void DatabaseAway(ILogger logger, LogLevel level, string reason);

        [LoggerMessage(5034, LogLevel.Information, "Dispatcher leases can be renewed again")]
        internal static partial void DatabaseBack(ILogger logger);

        [LoggerMessage(EventId = 5035, Message = "Could not give shards back; they are taken over when their leases run out: {Reason}")]
        internal static partial void LeftWithoutWord(ILogger logger, LogLevel level, string reason);
    }
}
