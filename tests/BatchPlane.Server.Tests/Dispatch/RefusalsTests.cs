using BatchPlane.Server.Dispatch;

namespace BatchPlane.Server.Tests.Dispatch;

public sealed class RefusalsTests
{
    private static readonly SentMessage First = new("full", "job-1", 1);
    private static readonly SentMessage Second = new("full", "job-1", 2);
    private static readonly SentMessage Elsewhere = new("other", "job-1", 1);

    private readonly HandClock _clock = new();
    private readonly Refusals _refusals;

    public RefusalsTests() => _refusals = new(new() { MaxRefusals = 2, RefusedFor = TimeSpan.FromMinutes(1) }, _clock);

    [Fact]
    public void RefusedOftenOrLong_IsGivenUpOnlyWhenBoth()
    {
        _refusals.Count([First, First]);
        var often = _refusals.WhyGivenUp(First);
        _refusals.Count([Elsewhere]);
        _clock.Pass(TimeSpan.FromMinutes(1));
        var both = _refusals.WhyGivenUp(First);

        Assert.Null(often);
        Assert.Equal("The broker refused it; tries: 2, within 60 s.", both);
        Assert.Null(_refusals.WhyGivenUp(Elsewhere));
    }

    [Fact]
    public void TopicThatStaysFull_IsWaitedForOnce()
    {
        _refusals.Count([First, First]);
        _clock.Pass(TimeSpan.FromMinutes(1));
        Assert.NotNull(_refusals.WhyGivenUp(First));

        Assert.Null(_refusals.WhyGivenUp(Second));
        _refusals.Count([Second, Elsewhere]);
        Assert.NotNull(_refusals.WhyGivenUp(Second));
        Assert.Null(_refusals.WhyGivenUp(Elsewhere));

        // So long after the last one it is waited for again.
        var later = First with { Sequence = 9 };
        _clock.Pass(TimeSpan.FromMinutes(1));
        _refusals.Count([later, later]);
        Assert.Null(_refusals.WhyGivenUp(later));
    }

    private sealed class HandClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        internal void Pass(TimeSpan time) => _ticks += time.Ticks;
    }
}
