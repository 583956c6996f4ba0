using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Simulation.Tests.Store;

namespace BatchPlane.Simulation.Tests.Bugs;

/// <summary>The cursor is moved when a message is sent.</summary>
internal sealed class CursorBeforeConfirm : Seams
{
    internal override OutboxPosition MayMoveTo(OutboxPosition confirmed, OutboxPosition sent) => sent;
}

/// <summary>The outbox is read by the number of the last event seen, without looking at transactions in flight.</summary>
internal sealed class OutboxByNumber : Seams
{
    internal override ulong OrderOf(ulong txid, ulong subjectTxid) => 1;

    internal override IReadOnlyList<EventRow> Page(IReadOnlyList<EventRow> outbox, OutboxPosition cursor, ulong horizon) => base.Page(outbox, cursor, ulong.MaxValue);
}

/// <summary>Events are ordered by their own transaction alone.</summary>
internal sealed class OrderByOwnTransaction : Seams
{
    internal override ulong OrderOf(ulong txid, ulong subjectTxid) => txid;
}

/// <summary>A message that could not be sent at once is sent behind the others.</summary>
internal sealed class RetriesPublishedLate : Seams
{
    private int _messages;

    internal override bool SendsLater(JournalEvent message) => ++_messages % 20 == 0;
}

/// <summary>A heartbeat says nothing of what is to end: who missed the one notice never hears of it.</summary>
internal sealed class KillOrderForgotten : Seams
{
    internal override HeartbeatResponse Sent(HeartbeatResponse response) => response with { Terminations = new() };
}

/// <summary>A grant whose answer was lost is not repeated.</summary>
internal sealed class LostGrantForgotten : Seams
{
    internal override HeartbeatResponse Sent(HeartbeatResponse response) => response with { Claims = [] };
}

/// <summary>An agent tells everything once.</summary>
internal sealed class ReportToldOnce : Seams
{
    internal override bool RepeatsReports => false;
}

/// <summary>An agent that was given up goes on with what it runs.</summary>
internal sealed class FencedAgentKillsNothing : Seams
{
    internal override bool KillsWhenFenced => false;
}

/// <summary>A new agent does not look for what a dead one left running.</summary>
internal sealed class LeftoversKept : Seams
{
    internal override bool KillsLeftovers => false;
}
