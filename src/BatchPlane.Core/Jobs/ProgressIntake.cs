using System.Text;
using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

/// <summary>What may be taken of the progress in one report, and how much was. An agent keeps to the terms by itself; this is the backstop.</summary>
public sealed class ProgressIntake(ProgressTerms terms)
{
    private const int MaxProblemBytes = 512;

    /// <summary>The terms.</summary>
    internal ProgressTerms Terms => terms;

    /// <summary>Percentages and messages taken.</summary>
    public int Posts { get; internal set; }

    /// <summary>Custom events taken.</summary>
    public int Events { get; internal set; }

    /// <summary>Custom events dropped, by the agent or here.</summary>
    public long DroppedEvents { get; internal set; }

    /// <summary>Lines that the agent could not understand.</summary>
    public long BadLines { get; internal set; }

    /// <summary>The report is decided once more.</summary>
    internal void Reset() => (Posts, Events, DroppedEvents, BadLines) = (0, 0, 0, 0);

    /// <summary>What of <paramref name="posted"/> keeps to the terms; events that do not are counted as dropped. An attempt had <paramref name="eventCount"/> events before.</summary>
    internal AttemptProgress Admit(AttemptProgress posted, int eventCount)
    {
        var events = posted.Events.Where(IsAdmitted).Take(Math.Min(terms.EventBurst, Math.Max(0, terms.MaxEventsPerAttempt - eventCount))).ToList();
        return posted with
        {
            Percent = posted.Percent is >= 0 and <= 100 ? posted.Percent : null,
            Message = posted.Message is { } message ? ProgressRules.Clip(message, terms.MaxMessageBytes) : null,
            Events = events,
            DroppedEvents = Math.Max(0, posted.DroppedEvents) + posted.Events.Count - events.Count,
            BadLines = Math.Max(0, posted.BadLines),
            Problem = posted.Problem is { } problem ? ProgressRules.Clip(problem, MaxProblemBytes) : null,
        };
    }

    private bool IsAdmitted(PostedEvent posted) =>
        ProgressRules.IsEventName(posted.Name)
        && (posted.Data is not { } data || (Encoding.UTF8.GetByteCount(data.GetRawText()) <= terms.MaxEventDataBytes && ProgressRules.IsStorable(data)));
}
