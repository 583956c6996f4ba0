using BatchPlane.Agent.Executors;

namespace BatchPlane.Agent.Files;

/// <summary>What comes before or after the command of an attempt and is under way: any signal breaks it off.</summary>
/// <param name="end">What breaks it off.</param>
/// <param name="command">The command that ended before; what is remembered of it stays so. Null: it has not begun.</param>
internal sealed class StagingExecution(CancellationTokenSource end, IExecution? command) : IExecution
{
    /// <inheritdoc/>
    /// <remarks>Whoever does it knows when it is done; nobody is told.</remarks>
    public void Watch(IExitListener listener)
    {
    }

    /// <inheritdoc/>
    public void Signal(EndSignal signal)
    {
        try
        {
            // Never under the caller's lock: what waits for the token runs on with it.
            _ = end.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It is done.
        }
    }

    /// <inheritdoc/>
    public void Bookmark(ReadOnlySpan<byte> mark) => command?.Bookmark(mark);

    /// <inheritdoc/>
    public void Forget() => command?.Forget();
}
