using BatchPlane.Core.Journal;

namespace BatchPlane.Simulation.Tests.Bugs;

/// <summary>The cursor is moved when a message is sent.</summary>
internal sealed class CursorBeforeConfirm : Seams
{
    internal override OutboxPosition MayMoveTo(OutboxPosition confirmed, OutboxPosition sent) => sent;
}
