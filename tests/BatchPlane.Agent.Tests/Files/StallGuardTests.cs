using BatchPlane.Agent.Files;

namespace BatchPlane.Agent.Tests.Files;

/// <summary>Reading from what does not answer and cannot be broken off.</summary>
public sealed class StallGuardTests
{
    [Fact]
    public async Task StreamThatHangs_FailsAfterItsTime()
    {
        await using var guard = new StallGuard(new Hanging(), TimeSpan.FromMilliseconds(20), TimeProvider.System);

        var failed = await Assert.ThrowsAsync<StagingException>(async () => await guard.ReadAsync(new byte[10]).AsTask().WaitAsync(TimeSpan.FromSeconds(30)));

        Assert.Contains("nothing has come", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StreamThatHangs_IsLeftWhenTheAttemptIsBrokenOff()
    {
        await using var guard = new StallGuard(new Hanging(), TimeSpan.FromHours(1), TimeProvider.System);
        using var end = new CancellationTokenSource();
        var reading = guard.ReadAsync(new byte[10], end.Token).AsTask();

        await end.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    /// <summary>A file on a file system that hangs: no token ends the read.</summary>
    private sealed class Hanging : MemoryStream
    {
        private readonly TaskCompletionSource<int> _never = new();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(_never.Task);
    }
}
