using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using BatchPlane.Simulation.Tests.Store;

namespace BatchPlane.Simulation.Tests.Bugs;

/// <summary>
/// Where the parts of the simulated system touch. This one is honest; each planted bug is a subclass that changes one member.
/// </summary>
internal class Seams
{
    /// <summary>Rows that a page of the outbox may have at most: small, so that there are many pages.</summary>
    protected const int PageSize = 4;

    /// <summary>Jobs are locked while they are changed, and a change of something else than what was loaded is refused.</summary>
    internal virtual bool LocksJobs => true;

    /// <summary>What a transaction sees of what it loaded.</summary>
    internal virtual LockedJobs Loaded(LockedJobs locked, IReadOnlyList<WriteRequest> requests, Tables tables) => locked;

    /// <summary>After the decision, before it is stored.</summary>
    internal virtual void Decided(TransitionDecision decision, IReadOnlyList<WriteRequest> requests, Tables tables)
    {
    }

    /// <summary>Told when a server dies.</summary>
    internal virtual void ServerDied()
    {
    }

    /// <summary>True when the caller is told before the commit.</summary>
    internal virtual bool IsToldBeforeCommit(WriteRequest request) => false;

    /// <summary>Changes that a second transaction stores after the first; null: all is stored by the first.</summary>
    internal virtual JobChanges? Postponed(JobChanges changes, Tables tables) => null;

    /// <summary>True when an idempotency key is stored with its job.</summary>
    internal virtual bool StoresKeys => true;

    /// <summary>What becomes of the environment's decision to give nodes up.</summary>
    internal virtual void GivenUp(EnvironmentAggregate environment, IReadOnlyList<string> nodeIds)
    {
    }

    /// <summary>First part of the order of a row of the journal.</summary>
    internal virtual ulong OrderOf(ulong txid, ulong subjectTxid) => Math.Max(txid, subjectTxid);

    /// <summary>The next rows behind a cursor that may be delivered.</summary>
    internal virtual IReadOnlyList<EventRow> Page(IReadOnlyList<EventRow> outbox, OutboxPosition cursor, ulong horizon) =>
        [.. outbox
            .SkipWhile(row => (row.OrderTxid, row.EventNo).CompareTo((cursor.TxId, cursor.EventNo)) <= 0)
            .TakeWhile(row => row.OrderTxid < horizon)
            .Take(PageSize)];

    /// <summary>How far the cursor may move: <paramref name="confirmed"/>; <paramref name="sent"/> is how far everything is on its way.</summary>
    internal virtual OutboxPosition MayMoveTo(OutboxPosition confirmed, OutboxPosition sent) => confirmed;

    /// <summary>True when a message whose turn it is goes out only after those behind it.</summary>
    internal virtual bool SendsLater(JournalEvent message) => false;

    /// <summary>Answer to a heartbeat as it is sent.</summary>
    internal virtual HeartbeatResponse Sent(HeartbeatResponse response) => response;

    /// <summary>Answer to a request for work as it is sent.</summary>
    internal virtual WorkResponse Sent(WorkResponse response) => response;

    /// <summary>True when an agent tells a report again that was not acknowledged.</summary>
    internal virtual bool RepeatsReports => true;

    /// <summary>True when an agent whose epoch is over kills what it runs.</summary>
    internal virtual bool KillsWhenFenced => true;

    /// <summary>True when a new agent kills what a dead one left running.</summary>
    internal virtual bool KillsLeftovers => true;
}
