using BatchPlane.Core.Journal;
using BatchPlane.Server.Dispatch;

namespace BatchPlane.Server.Tests.Dispatch;

public sealed class PublishLedgerTests
{
    private readonly PublishLedger _ledger = new(4, At(0));

    [Fact]
    public void AnswersOutOfOrder_PositionMovesOverThePrefixOnly()
    {
        Send(1, 2, 3);

        _ledger.Answered(2, multiple: false, accepted: true);
        var between = _ledger.TakeConfirmed().Position;
        _ledger.Answered(1, multiple: false, accepted: true);

        Assert.Equal(At(0), between);
        Assert.Equal(At(2), _ledger.TakeConfirmed().Position);
        Assert.Equal(1, _ledger.InFlight);
    }

    [Fact]
    public void AnswerForMany_SettlesAllUpToIt()
    {
        Send(1, 2, 3);

        _ledger.Answered(3, multiple: true, accepted: true);
        Send(4, 5, 6, 7);

        Assert.Equal(At(3), _ledger.TakeConfirmed().Position);
        Assert.Equal(4, _ledger.InFlight);
    }

    [Fact]
    public void Refused_PositionStopsBeforeItForGood()
    {
        Send(1, 2, 3);

        _ledger.Answered(1, multiple: false, accepted: true);
        _ledger.Answered(2, multiple: false, accepted: false);
        _ledger.Answered(3, multiple: false, accepted: true);
        _ledger.Checkpoint(At(9));

        Assert.Equal(At(1), _ledger.TakeConfirmed().Position);
        Assert.Equal(PublishFault.Refused, _ledger.Fault.Fault);
        Assert.Equal([new SentMessage("t", "job-1", 2)], _ledger.Refused);
        Assert.Equal(0, _ledger.InFlight);
    }

    [Fact]
    public void Returned_IsAnExceptionOnceItIsAcknowledged()
    {
        Send(1, 2);

        _ledger.Returned("t", "job-1:2", "312 NO_ROUTE");
        _ledger.Answered(2, multiple: true, accepted: true);

        var (position, exceptions) = _ledger.TakeConfirmed();
        Assert.Equal(At(2), position);
        Assert.Equal([new DeliveryException("job-1", 2, "t", DeliveryOutcome.Unrouted, "312 NO_ROUTE")], exceptions);
    }

    [Fact]
    public void ReturnedCopy_IsAnExceptionOfItsSubscriptionAndNotOfTheTopic()
    {
        _ledger.Sending(new("t", "job-1", 1));
        _ledger.Sending(new("t", "job-1", 1, new("subsc-1", "q")));
        _ledger.Sending(new("t", "job-1", 1, new("subsc-2", "t")));
        _ledger.Checkpoint(At(1));

        _ledger.Returned("", "job-1:1", "312 NO_ROUTE", "t");
        _ledger.Answered(3, multiple: true, accepted: true);

        Assert.Equal(
            [new DeliveryException("job-1", 1, "t", DeliveryOutcome.Unrouted, "312 NO_ROUTE") { SubscriptionId = "subsc-2" }],
            _ledger.TakeConfirmed().Exceptions);
    }

    [Fact]
    public void Exceptions_ComeWithThePositionBehindThemAndNotBefore()
    {
        Send(1, 2);
        _ledger.NotSent(Failed(3));
        _ledger.Checkpoint(At(3));

        _ledger.Returned("t", "job-1:2", "312 NO_ROUTE");
        _ledger.Answered(2, multiple: false, accepted: true);
        var before = _ledger.TakeConfirmed();
        _ledger.Answered(1, multiple: false, accepted: true);
        var after = _ledger.TakeConfirmed();

        Assert.Equal(At(0), before.Position);
        Assert.Empty(before.Exceptions);
        Assert.Equal(At(3), after.Position);
        Assert.Equal([2, 3], after.Exceptions.Select(exception => exception.Sequence));
    }

    [Fact]
    public void ExceptionsBehindARefusedMessage_AreLeftToTheNextChannel()
    {
        Send(1, 2);
        _ledger.NotSent(Failed(3));
        _ledger.Checkpoint(At(3));
        _ledger.Returned("t", "job-1:2", "312 NO_ROUTE");
        _ledger.Answered(1, multiple: false, accepted: false);
        _ledger.Answered(2, multiple: false, accepted: true);
        _ledger.NotSent(Failed(4));
        _ledger.Checkpoint(At(4));

        var (position, exceptions) = _ledger.TakeConfirmed();

        Assert.Equal(At(0), position);
        Assert.Empty(exceptions);
    }

    [Fact]
    public void NotSentOfAnEventThatGoesOn_WaitsForItsEnd()
    {
        _ledger.NotSent(Failed(1));
        var within = _ledger.TakeConfirmed().Exceptions;
        _ledger.Checkpoint(At(1));

        Assert.Empty(within);
        Assert.Equal([Failed(1)], _ledger.TakeConfirmed().Exceptions);
    }

    [Fact]
    public void EventWithoutMessages_MovesWithTheOneBeforeIt()
    {
        Send(1);
        _ledger.Checkpoint(At(2));

        var before = _ledger.TakeConfirmed().Position;
        _ledger.Answered(1, multiple: false, accepted: true);
        var after = _ledger.TakeConfirmed().Position;
        _ledger.Checkpoint(At(3));

        Assert.Equal([At(0), At(2), At(3)], [before, after, _ledger.TakeConfirmed().Position]);
    }

    [Fact]
    public async Task Closed_WakesWhoWaits()
    {
        Send(1);
        var waiting = _ledger.WhenAtMostAsync(0);

        _ledger.Fail(PublishFault.Closed, "gone");
        await waiting;

        Assert.Equal((PublishFault.Closed, "gone"), _ledger.Fault);
        Assert.Equal(At(0), _ledger.TakeConfirmed().Position);
    }

    private static DeliveryException Failed(long sequence) => new("job-1", sequence, "t", DeliveryOutcome.Failed, "too long");

    private static OutboxPosition At(long eventNo) => new(1, eventNo, 0);

    private void Send(params long[] sequences)
    {
        foreach (var sequence in sequences)
        {
            _ledger.Sending(new("t", "job-1", sequence));
            _ledger.Checkpoint(At(sequence));
        }
    }
}
