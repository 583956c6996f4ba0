using BatchPlane.Agent.Executors;

namespace BatchPlane.Agent.Files;

/// <summary>Files of an attempt that are under way: any signal breaks them off.</summary>
internal sealed class StagingExecution(CancellationTokenSource end) : IExecution
{
    /// <inheritdoc/>
    /// <remarks>Whoever moves the files knows when they are done; nobody is told.</remarks>
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
            // They are done.
        }
    }
}
