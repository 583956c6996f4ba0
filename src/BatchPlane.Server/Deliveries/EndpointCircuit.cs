namespace BatchPlane.Server.Deliveries;

/// <summary>
/// Leaves an endpoint alone that failed several times in a row: nothing is sent for a while, then one probe, whose failure doubles the pause. Each server has its own
/// judgement. Safe for use by many threads at once.
/// </summary>
internal sealed class EndpointCircuit(DeliveryOptions options, TimeProvider time)
{
    private readonly Lock _gate = new();
    private int _failures;
    private TimeSpan _pause;
    private DateTimeOffset _closedUntil;
    private bool _probing;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Waits until something may be sent, at most <paramref name="longest"/>. False: not in that time. What was let pass has to report what came of it.</summary>
    internal async Task<bool> WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        var giveUpAt = time.GetUtcNow() + longest;
        while (true)
        {
            Task changed;
            TimeSpan wait;
            lock (_gate)
            {
                var now = time.GetUtcNow();
                if (_pause == TimeSpan.Zero)
                {
                    return true;
                }

                if (now >= _closedUntil && !_probing)
                {
                    _probing = true;
                    return true;
                }

                if (now >= giveUpAt)
                {
                    return false;
                }

                changed = _changed.Task;
                wait = Shorter(_probing || now >= _closedUntil ? longest : _closedUntil - now, giveUpAt - now);
            }

            await Task.WhenAny(changed, Task.Delay(wait, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>How long the endpoint is still left alone.</summary>
    internal TimeSpan Remaining
    {
        get
        {
            lock (_gate)
            {
                var remaining = _closedUntil - time.GetUtcNow();
                return _pause > TimeSpan.Zero && remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
            }
        }
    }

    /// <summary>Something sent arrived.</summary>
    internal void Succeeded()
    {
        lock (_gate)
        {
            _failures = 0;
            _pause = TimeSpan.Zero;
            _probing = false;
            Wake();
        }
    }

    /// <summary>Something sent failed.</summary>
    internal void Failed()
    {
        lock (_gate)
        {
            _failures++;
            var isProbe = _probing;
            _probing = false;

            // What was under way when the pause began says nothing new.
            if (_failures >= options.PauseAfter && (_pause == TimeSpan.Zero || isProbe))
            {
                _pause = _pause == TimeSpan.Zero ? options.PauseMin : Shorter(_pause * 2, options.PauseMax);
                _closedUntil = time.GetUtcNow() + _pause;
            }

            Wake();
        }
    }

    /// <summary>Something that was let pass was not sent after all.</summary>
    internal void Abandoned()
    {
        lock (_gate)
        {
            _probing = false;
            Wake();
        }
    }

    private static TimeSpan Shorter(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private void Wake()
    {
        _changed.SetResult();
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
