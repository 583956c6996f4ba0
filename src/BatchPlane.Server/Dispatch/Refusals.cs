namespace BatchPlane.Server.Dispatch;

/// <summary>
/// Remembers which messages of a shard the broker refused, how often and since when. One is given up when both are over, <see cref="DispatchOptions.MaxRefusals"/> and
/// <see cref="DispatchOptions.RefusedFor"/>: a queue that is full for a while loses nothing. For as long again the next ones to that topic are given up at once when they are refused, since
/// behind a refused message everything of the shard waits: a queue that stays full holds up the others once.
/// </summary>
internal sealed class Refusals(DispatchOptions options, TimeProvider time)
{
    private readonly Dictionary<SentMessage, Refusal> _refusals = [];

    // By topic, or queue of a subscription's own copies, when its last message was given up.
    private readonly Dictionary<(string Topic, string? Queue), long> _givenUp = [];

    /// <summary>A channel has ended, on which the broker refused these.</summary>
    internal void Count(IReadOnlyCollection<SentMessage> refused)
    {
        var now = time.GetTimestamp();
        foreach (var message in refused)
        {
            _refusals[message] = _refusals.TryGetValue(message, out var before) ? before with { Times = before.Times + 1, Last = now } : new(1, now, now);
        }

        // What was sent again long ago was taken, or given up.
        foreach (var (message, refusal) in _refusals)
        {
            if (time.GetElapsedTime(refusal.Last, now) > options.RefusedFor + options.RetryMax + options.ConfirmTimeout)
            {
                _refusals.Remove(message);
            }
        }
    }

    /// <summary>What was refused before counts no more.</summary>
    internal void Forget()
    {
        _refusals.Clear();
        _givenUp.Clear();
    }

    /// <summary>Why a message is not sent any more; null: it is.</summary>
    internal string? WhyGivenUp(SentMessage message)
    {
        if (!_refusals.TryGetValue(message, out var refusal))
        {
            return null;
        }

        var now = time.GetTimestamp();
        var tried = time.GetElapsedTime(refusal.First, now);
        var place = (message.Topic, message.Copy?.Queue);
        var isTopicGivenUp = _givenUp.TryGetValue(place, out var last) && time.GetElapsedTime(last, now) < options.RefusedFor;
        if (!isTopicGivenUp && (refusal.Times < options.MaxRefusals || tried < options.RefusedFor))
        {
            return null;
        }

        _givenUp[place] = now;
        return FormattableString.Invariant($"The broker refused it; tries: {refusal.Times}, within {tried.TotalSeconds:0} s.");
    }

    private readonly record struct Refusal(int Times, long First, long Last);
}
