using BatchPlane.Agent.Executors;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Sessions;

// Endings that the agent brings about: attempts refused, terminated, given back, stopped, out of time, or of an epoch that is over.
internal sealed partial class AttemptBook
{
    /// <summary>The node does not hold it (any more): killed when it runs, and forgotten.</summary>
    internal void Refused(AttemptKey key)
    {
        lock (_gate)
        {
            if (_held.TryGetValue(key, out var attempt))
            {
                Abandon(attempt);
            }
        }

        Changed.Ring();
    }

    /// <summary>Ends what the server orders to end, also when its grant arrives later.</summary>
    internal void Terminate(TerminationOrders orders)
    {
        if (orders.IsEmpty)
        {
            return;
        }

        lock (_gate)
        {
            if (_terminatedClaims.Count + _terminatedAttempts.Count > RememberedOrders)
            {
                _terminatedClaims.Clear();
                _terminatedAttempts.Clear();
            }

            _terminatedClaims.UnionWith(orders.Claims);
            _terminatedAttempts.UnionWith(orders.Attempts.Select(attempt => new AttemptKey(attempt.TaskId, attempt.Index, attempt.Attempt)));
            foreach (var attempt in _held.Values.Where(IsTerminated).ToArray())
            {
                if (attempt.Phase == AttemptPhase.Ready)
                {
                    EndUnstarted(attempt, AttemptOutcome.Terminated);
                }
                else
                {
                    AskToEnd(attempt, KillCause.Terminated);
                    attempt.IsHurried |= attempt.Phase == AttemptPhase.Ended;
                }
            }
        }
    }

    private bool IsTerminated(Attempt attempt) =>
        _terminatedClaims.Contains(attempt.Claim.ClaimId) || _terminatedAttempts.Contains(attempt.Key);

    /// <summary>From now on nothing is started: what waits for a slot, is still granted, or still gets its files or its container, is given back.</summary>
    internal void Drain()
    {
        lock (_gate)
        {
            _draining = true;
            foreach (var attempt in _held.Values.Where(attempt => attempt.Phase == AttemptPhase.Ready).ToArray())
            {
                EndUnstarted(attempt, AttemptOutcome.Returned);
            }

            foreach (var attempt in _running.Where(attempt => attempt.Phase == AttemptPhase.Starting))
            {
                AskToEnd(attempt, KillCause.GivenBack);
            }
        }

        Changed.Ring();
    }

    /// <summary>Ends what runs because the agent stops.</summary>
    internal void StopRunning()
    {
        lock (_gate)
        {
            foreach (var attempt in _running)
            {
                AskToEnd(attempt, KillCause.Stopped);
            }
        }
    }

    /// <summary>Forgets everything and kills what runs: the epoch is over.</summary>
    internal void AbandonAll()
    {
        lock (_gate)
        {
            _draining = true;
            foreach (var attempt in _held.Values.ToArray())
            {
                Abandon(attempt);
            }
        }

        Changed.Ring();
    }

    /// <summary>
    /// Asks attempts beyond their time to end and kills those that did not end within the grace. Returns the running attempts whose
    /// live output was last looked after before <paramref name="outputInterval"/>; each has to be given a <see cref="Attempt.Shipping"/> by <paramref name="ship"/>.
    /// </summary>
    internal void Tend(TimeSpan outputInterval, Func<Attempt, Task> ship)
    {
        lock (_gate)
        {
            foreach (var attempt in _running)
            {
                if (attempt.Phase == AttemptPhase.Running)
                {
                    TendTimes(attempt);
                    if (attempt.Shipping.IsCompleted && _time.GetElapsedTime(attempt.ShippedAt) >= outputInterval)
                    {
                        attempt.ShippedAt = _time.GetTimestamp();
                        attempt.Shipping = ship(attempt);
                    }
                }
            }
        }
    }

    // It stays in the queue of ready ones, where its phase says that it is to be skipped.
    private void EndUnstarted(Attempt attempt, AttemptOutcome outcome)
    {
        _readyNeeds = _readyNeeds.Minus(attempt.Needs);
        attempt.Phase = AttemptPhase.Ended;
        attempt.EndedAt = _time.GetTimestamp();
        _reports.Ended(attempt, new AttemptResult(outcome));
        Room.Ring();
    }

    private void AskToEnd(Attempt attempt, KillCause cause)
    {
        if (attempt.Kill == KillCause.None && attempt.Phase is AttemptPhase.Starting or AttemptPhase.Running)
        {
            attempt.Kill = cause;
            SignalFirst(attempt);
        }
    }

    private void SignalFirst(Attempt attempt)
    {
        if (attempt.Kill == KillCause.None || attempt.Execution is null)
        {
            return;
        }

        attempt.SignaledAt ??= _time.GetTimestamp();
        attempt.KillSent = attempt.Kill == KillCause.Abandoned;
        attempt.Execution.Signal(attempt.KillSent ? EndSignal.Kill : EndSignal.Terminate, attempt.Kill);
    }

    private void TendTimes(Attempt attempt)
    {
        var limit = attempt.Claim.Run.TimeoutSeconds;
        if (attempt.Kill == KillCause.None && limit > 0 && _time.GetElapsedTime(attempt.BeganAt!.Value) >= TimeSpan.FromSeconds(limit))
        {
            AskToEnd(attempt, KillCause.Timeout);
        }

        if (attempt.SignaledAt is { } asked && !attempt.KillSent && _time.GetElapsedTime(asked) >= _killGrace)
        {
            attempt.KillSent = true;
            attempt.Execution!.Signal(EndSignal.Kill, attempt.Kill);
        }
    }

    private void Abandon(Attempt attempt)
    {
        switch (attempt.Phase)
        {
            case AttemptPhase.Ready:
                _readyNeeds = _readyNeeds.Minus(attempt.Needs);
                Forget(attempt);
                break;
            case AttemptPhase.Starting:
            case AttemptPhase.Running:
                _reports.Withdraw(attempt);
                attempt.Kill = KillCause.Abandoned;
                SignalFirst(attempt);
                Unhold(attempt);
                break;
            case AttemptPhase.Ended:
                _reports.Withdraw(attempt);
                Forget(attempt);
                break;
            case AttemptPhase.Gone:
                break;
        }
    }
}
