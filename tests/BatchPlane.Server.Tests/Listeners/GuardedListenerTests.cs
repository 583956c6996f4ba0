using BatchPlane.Contracts;
using BatchPlane.Server.Listeners;
using BatchPlane.Server.Tests.Dispatch;

namespace BatchPlane.Server.Tests.Listeners;

/// <summary>Calls into listeners whose token has bad things happen when it is cancelled.</summary>
public sealed class GuardedListenerTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private static readonly ListenerBatch Batch = new([], null);

    private readonly ManualResetEventSlim _release = new();

    public void Dispose() => _release.Dispose();

    [Fact]
    public async Task CallbackThatBlocks_KeepsNeitherTheCallerNorWhoeverCancels()
    {
        var guarded = Guard(() => _release.Wait(CancellationToken.None), TimeSpan.FromMinutes(1));
        using var stop = new CancellationTokenSource();

        var call = guarded.HandleAsync(Batch, stop.Token);
        await stop.CancelAsync().WaitAsync(Bound);

        Assert.Equal(CallOutcome.Cancelled, (await call.WaitAsync(Bound)).Outcome);
        Assert.True(guarded.IsStuck);
        Assert.Equal(CallOutcome.TimedOut, (await guarded.DisposeAsync()).Outcome);
        _release.Set();
        await Until.ReachedAsync(() => Task.FromResult(guarded.IsStuck), isStuck => !isStuck, isStuck => $"{isStuck}");
    }

    [Fact]
    public async Task CallbackThatThrows_ReachesNobody()
    {
        var guarded = Guard(() => throw new InvalidOperationException("from the callback"), TimeSpan.FromMinutes(1));
        using var stop = new CancellationTokenSource();

        var call = guarded.HandleAsync(Batch, stop.Token);
        await stop.CancelAsync();

        Assert.Equal(CallOutcome.Cancelled, (await call.WaitAsync(Bound)).Outcome);
        await Until.ReachedAsync(() => Task.FromResult(guarded.IsStuck), isStuck => !isStuck, isStuck => $"{isStuck}");
    }

    [Fact]
    public async Task CallThatTakesTooLong_IsCancelledAndItsCallbackIsNotWaitedForLongerThanTheGrace()
    {
        var guarded = Guard(() => _release.Wait(CancellationToken.None), TimeSpan.FromMilliseconds(50));

        var result = await guarded.HandleAsync(Batch, CancellationToken.None).WaitAsync(Bound);

        Assert.Equal(CallOutcome.TimedOut, result.Outcome);
        Assert.True(guarded.IsStuck);
        _release.Set();
    }

    private static GuardedListener Guard(Action onCancelled, TimeSpan callTimeout) => new(
        new Registering(onCancelled),
        new(new Dictionary<string, string>(), _ => { }, TimeProvider.System),
        new() { CallTimeout = callTimeout, CancelGrace = TimeSpan.FromMilliseconds(100) });

    /// <summary>Waits for its token, on which it has registered something.</summary>
    private sealed class Registering(Action onCancelled) : IEventListener
    {
        public string Name => "registering";

        public Task StartAsync(ListenerContext context, CancellationToken cancellationToken) => Task.CompletedTask;

        public async Task HandleAsync(ListenerBatch batch, CancellationToken cancellationToken)
        {
            cancellationToken.Register(onCancelled);
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
    }
}
