using BatchPlane.Core.Journal;
using BatchPlane.Server.Dispatch;
using BatchPlane.Simulation.Tests.Kernel;
using BatchPlane.Simulation.Tests.Outside;

namespace BatchPlane.Simulation.Tests.Servers;

/// <summary>Delivers one shard, after <see cref="ShardDispatcher"/>; the ledger of what is sent and confirmed is the real one.</summary>
internal sealed class ShardPump(Cluster cluster, Life life, short shard, long epoch, OutboxPosition start, Action lost)
{
    private const int InFlight = 1_000;

    private OutboxPosition _moved = start;
    private OutboxPosition _position = start;
    private PublishLedger _ledger = new(InFlight, start);
    private Broker.Channel? _channel;
    private JournalEvent? _later;
    private bool _isLost;
    private bool _isLookDue;
    private bool _isMoving;

    internal long Epoch => epoch;

    internal DateTimeOffset ValidUntil { get; set; }

    /// <summary>True when nothing is on its way and the cursor says so.</summary>
    internal bool IsIdle => _ledger.InFlight == 0 && _moved == _position;

    internal void Lose() => _isLost = true;

    internal void LookSoon()
    {
        if (!_isLookDue && !_isLost)
        {
            _isLookDue = true;
            cluster.World.After(cluster.World.Between(0, 3), life, World.Quietly, Look);
        }
    }

    private void Look()
    {
        _isLookDue = false;
        if (_isLost || cluster.Database.Now >= ValidUntil)
        {
            return;
        }

        _channel ??= Open();
        if (_channel is null || _ledger.InFlight > 0)
        {
            return;
        }

        var page = cluster.Seams.Page(cluster.Tables.Outbox[shard], _position, cluster.Database.Horizon);
        foreach (var row in page)
        {
            Send(Row(row));
        }

        SendLater();
        if (page.Count > 0)
        {
            Move();
        }
    }

    private static OutboxRow Row(Store.EventRow row) => new()
    {
        OrderTxId = row.OrderTxid,
        EventNo = row.EventNo,
        SubjectId = row.Entry.SubjectId,
        Sequence = row.Entry.Sequence,
        Span = row.Entry.Span,
        Level = row.Entry.Level,
        State = row.Entry.State,
        OccurredAt = row.Entry.OccurredAt,
        Notify = row.Entry.Notify,
    };

    private Broker.Channel? Open()
    {
        _position = _moved;
        _ledger = new(InFlight, _moved);
        _later = null;
        var ledger = _ledger;
        return cluster.Broker.Open(life, tag => Confirmed(ledger, tag), () => Closed(ledger));
    }

    private void Send(OutboxRow row)
    {
        for (var offset = _position.Offset; offset < row.Span; offset++)
        {
            Send(new JournalEvent(row, offset));
            _ledger.Checkpoint(offset + 1 == row.Span ? row.End : _position with { Offset = offset + 1 });
        }

        _position = row.End;
    }

    private void Send(JournalEvent message)
    {
        _ledger.Sending(new("everything", message.Row.SubjectId, message.Sequence));
        if (_later is null && cluster.Seams.SendsLater(message))
        {
            _later = message;
            return;
        }

        cluster.Broker.Publish(_channel!, message.Row.SubjectId, message.Sequence);
        SendLater();
    }

    private void SendLater()
    {
        if (_later is { } late)
        {
            _later = null;
            cluster.Broker.Publish(_channel!, late.Row.SubjectId, late.Sequence);
        }
    }

    private void Confirmed(PublishLedger ledger, ulong tag)
    {
        ledger.Answered(tag, multiple: false, accepted: true);
        if (ledger == _ledger && ledger.InFlight == 0)
        {
            LookSoon();
        }

        if (!cluster.DiesHere(life, "between a confirm and the cursor"))
        {
            Move();
        }
    }

    private void Closed(PublishLedger ledger)
    {
        if (ledger == _ledger)
        {
            ledger.Fail(PublishFault.Closed, "closed");
            Move();
            _channel = null;
            cluster.World.After(cluster.World.Between(50, 500), life, $"shard {shard} begins again", LookSoon);
        }
    }

    private void Move()
    {
        if (_isMoving || _isLost)
        {
            return;
        }

        _isMoving = true;
        cluster.World.After(cluster.World.Between(1, 4), life, $"shard {shard} moves its cursor", () =>
        {
            _isMoving = false;
            var to = cluster.Seams.MayMoveTo(_ledger.TakeConfirmed().Position, _position);
            if (to == _moved)
            {
                return;
            }

            var row = cluster.Tables.Shards[shard];
            if (row.Epoch != epoch)
            {
                lost();
                return;
            }

            if ((row.Cursor.TxId, row.Cursor.EventNo, row.Cursor.Offset).CompareTo((to.TxId, to.EventNo, to.Offset)) <= 0)
            {
                row.Cursor = to;
                _moved = to;
            }
        });
    }
}
