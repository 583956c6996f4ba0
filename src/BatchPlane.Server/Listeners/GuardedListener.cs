using BatchPlane.Contracts;

namespace BatchPlane.Server.Listeners;

/// <summary>How a call went.</summary>
internal enum CallOutcome
{
    /// <summary>It returned.</summary>
    Done,

    /// <summary>It threw.</summary>
    Failed,

    /// <summary>It took too long.</summary>
    TimedOut,

    /// <summary>It was cancelled, as it is not wanted any more: that says nothing about the listener.</summary>
    Cancelled,
}

/// <summary>How a call went, and why.</summary>
/// <param name="Outcome">How.</param>
/// <param name="Error">In words; null when it returned.</param>
internal sealed record CallResult(CallOutcome Outcome, string? Error = null);

/// <summary>
/// Calls into a listener so that nothing it does reaches further: each call has a thread to begin on and a time; what it throws becomes a result; one that does not even return when it is cancelled is
/// left alone, and nothing is called until it has returned.
/// </summary>
internal sealed class GuardedListener(IEventListener listener, ListenerContext context, ListenersOptions options)
{
    private Task _last = Task.CompletedTask;
    private Task _cancelling = Task.CompletedTask;
    private bool _isStarted;

    /// <summary>True while a call that was left alone has not returned, or what it had run when it was cancelled has not.</summary>
    internal bool IsStuck => !_last.IsCompleted || !_cancelling.IsCompleted;

    /// <summary>Hands a batch over, after the start if it has not been started. Not while <see cref="IsStuck"/>.</summary>
    internal async Task<CallResult> HandleAsync(ListenerBatch batch, CancellationToken cancellationToken)
    {
        if (!_isStarted)
        {
            var started = await CallAsync(token => listener.StartAsync(context, token), cancellationToken);
            if (started.Outcome != CallOutcome.Done)
            {
                return started with { Error = $"start: {started.Error}" };
            }

            _isStarted = true;
            if (IsStuck)
            {
                return new(CallOutcome.TimedOut, "start: it returned late, and something that it registered has not");
            }
        }

        return await CallAsync(token => listener.HandleAsync(batch, token), cancellationToken);
    }

    /// <summary>Disposes the listener, unless it is stuck: then it ends with the process.</summary>
    internal async Task<CallResult> DisposeAsync() => IsStuck
        ? new(CallOutcome.TimedOut, "a call has not returned")
        : await CallAsync(
            async _ =>
            {
                if (listener is IAsyncDisposable other)
                {
                    await other.DisposeAsync();
                }
                else
                {
                    (listener as IDisposable)?.Dispose();
                }
            },
            CancellationToken.None);

    private async Task<CallResult> CallAsync(Func<CancellationToken, Task> call, CancellationToken cancellationToken)
    {
        // Not linked to the caller's: whoever cancels that would run what the listener registered with its own, and wait for it.
        var cancel = new CancellationTokenSource();

        // A thread of its own, for those that block: they must not use up the server's.
        var running = Task.Factory.StartNew(() => call(cancel.Token), CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).Unwrap();
        _last = running;
        _ = running.ContinueWith(Forget, cancel, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

        using (var stopWaiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            await Task.WhenAny(running, Task.Delay(options.CallTimeout, context.Time, stopWaiting.Token));
            await stopWaiting.CancelAsync();
        }

        if (running.IsCompleted)
        {
            return Result(running, isLate: false, cancellationToken);
        }

        _cancelling = CancelAsync(cancel);
        await Task.WhenAny(Task.WhenAll(Ended(running), _cancelling), Task.Delay(options.CancelGrace, context.Time, CancellationToken.None));
        return running.IsCompleted
            ? Result(running, isLate: true, cancellationToken)
            : cancellationToken.IsCancellationRequested
                ? new(CallOutcome.Cancelled)
                : new(CallOutcome.TimedOut, $"did not return within {options.CallTimeout}, nor within {options.CancelGrace} after it was cancelled; it is not called again before it does");
    }

    /// <summary>A call has returned: nobody may be left who asks what it threw.</summary>
    private static void Forget(Task ended, object? cancel)
    {
        _ = ended.Exception;
        ((CancellationTokenSource)cancel!).Dispose();
    }

    /// <summary>What the listener registered with the token runs on another thread; what it throws says nothing that the call does not. Ends with it, never fails.</summary>
    private static Task CancelAsync(CancellationTokenSource cancel)
    {
        try
        {
            return Ended(cancel.CancelAsync());
        }
        catch (ObjectDisposedException)
        {
            // It returned just now.
            return Task.CompletedTask;
        }
    }

    /// <summary>Ends when the task does, however.</summary>
    private static Task Ended(Task task) =>
        task.ContinueWith(static ended => { _ = ended.Exception; }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private CallResult Result(Task ended, bool isLate, CancellationToken cancellationToken)
    {
        if (ended.IsCompletedSuccessfully)
        {
            return new(CallOutcome.Done);
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return new(CallOutcome.Cancelled);
        }

        return isLate
            ? new(CallOutcome.TimedOut, $"did not return within {options.CallTimeout}")
            : new(CallOutcome.Failed, ended.Exception?.GetBaseException() is { } fault ? $"{fault.GetType().Name}: {fault.Message}" : "it was cancelled by itself");
    }
}
