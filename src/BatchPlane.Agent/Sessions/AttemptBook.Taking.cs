using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Keeping;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Sessions;

// How attempts come to the node: granted, or taken over from an earlier agent.
internal sealed partial class AttemptBook
{
    /// <summary>Takes granted attempts, except those already known.</summary>
    internal void Take(IReadOnlyList<ClaimGrant> claims)
    {
        lock (_gate)
        {
            foreach (var claim in claims)
            {
                foreach (var range in claim.Attempts)
                {
                    for (var i = 0; i < range.Count; i++)
                    {
                        Take(claim, range.FirstIndex + i, range.Attempt);
                    }
                }
            }

            EndBuiltins();
        }

        Startable.Ring();
    }

    /// <summary>Takes over an attempt that an earlier agent of this epoch started: it runs, or ended unheard.</summary>
    internal Attempt Adopt(AdoptedAttempt adopted)
    {
        var (held, claim, paths, execution) = adopted;
        var attempt = new Attempt(claim, held.Key.Index, held.Key.Number, paths);
        attempt.GoOnFrom(held.Bookmark);
        lock (_gate)
        {
            _held.Add(attempt.Key, attempt);
            _claims[claim.ClaimId] = _claims.GetValueOrDefault(claim.ClaimId) + 1;
            _runningNeeds = _runningNeeds.Plus(attempt.Needs);
            _running.Add(attempt);
            attempt.Phase = AttemptPhase.Running;
            attempt.Execution = execution;
            attempt.ShippedAt = attempt.LookedAt = _time.GetTimestamp();
            attempt.BeganAt = Ago(held.Age);
            attempt.Kill = held.Kill;
            attempt.SignaledAt = held.Kill == KillCause.None ? null : _time.GetTimestamp();
        }

        return attempt;
    }

    private void Take(ClaimGrant claim, int index, int number)
    {
        var key = new AttemptKey(claim.TaskId, index, number);
        if (_held.ContainsKey(key) || _over.Contains(key))
        {
            return;
        }

        var paths = Builtins.EndsAtOnce(claim.Run) ? AttemptPaths.None : _files.PathsOf(claim, index, number);
        var attempt = new Attempt(claim, index, number, paths);
        _held.Add(key, attempt);
        _claims[claim.ClaimId] = _claims.GetValueOrDefault(claim.ClaimId) + 1;
        _readyNeeds = _readyNeeds.Plus(attempt.Needs);
        _heldBuiltins += attempt.IsBuiltin ? 1 : 0;
        if (IsTerminated(attempt))
        {
            EndUnstarted(attempt, AttemptOutcome.Terminated);
        }
        else if (_draining)
        {
            EndUnstarted(attempt, AttemptOutcome.Returned);
        }
        else if (attempt.IsBuiltin)
        {
            _readyNeeds = _readyNeeds.Minus(attempt.Needs);
            _ending.Add(attempt);
        }
        else
        {
            _ready.Enqueue(attempt);
        }
    }

    // All that one answer of the server granted, together: it begins and ends here, without a slot and without the ways of a process. What is
    // not acknowledged yet counts as held when more work is asked for, which is all that keeps the agent from asking without end.
    private void EndBuiltins()
    {
        if (_ending.Count == 0)
        {
            return;
        }

        var now = _time.GetTimestamp();
        foreach (var attempt in _ending)
        {
            attempt.Phase = AttemptPhase.Ended;
            attempt.BeganAt = attempt.EndedAt = now;
        }

        _ends.Count(_ending.Count);
        _endsLately.Count(_ending.Count);
        _lastEnd = _time.GetTimestamp();
        _reports.Ended(_ending, Builtins.Result);
        _ending.Clear();
    }
}
