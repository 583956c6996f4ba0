using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Notifications;

/// <summary>
/// Who asked for what, ready for the transition path: for each event of the catalogue, the notification blocks of a job or environment that are told
/// of it, their filters applied. Answers with a mask whose bit n stands for block n of the stored notifications.
/// </summary>
public sealed class NotificationInterest
{
    /// <summary>Most notification blocks a job or environment may have: the bits of a mask.</summary>
    public const int MaxNotifications = 16;

    /// <summary>Percents between two roll-ups of a task's progress where nothing is said.</summary>
    public const int UsualPercent = 10;

    /// <summary>Behind the events: the mask of blocks that are told of changes only.</summary>
    private const int ChangedSlot = 63;

    /// <summary>From here on: percents and seconds between roll-ups of each block.</summary>
    private const int FirstRollUpSlot = 64;

    private readonly int[] _slots;

    private NotificationInterest(int[] slots) => _slots = slots;

    /// <summary>Nobody asked for anything.</summary>
    public static NotificationInterest None { get; } = new([]);

    /// <summary>Reads notifications whose event names are known to the catalogue, of a job or environment with these labels.</summary>
    public static NotificationInterest Of(IReadOnlyList<NotificationDocument> notifications, IReadOnlyList<TagDocument> labels)
    {
        var slots = new int[FirstRollUpSlot + (2 * MaxNotifications)];
        for (var block = 0; block < notifications.Count; block++)
        {
            var filter = notifications[block].Filter;
            if (filter is not null && !EventFilter.Admits(filter, labels))
            {
                continue;
            }

            slots[ChangedSlot] |= filter is { Changed: true } ? 1 << block : 0;
            foreach (var config in notifications[block].EventConfigs)
            {
                if (EventCatalogue.FindAny(config.EventName) is { } kind && (filter is null || EventFilter.Admits(filter, kind)))
                {
                    slots[kind.Number] |= 1 << block;
                    slots[FirstRollUpSlot + (2 * block)] |= config.EveryPercent ?? 0;
                    slots[FirstRollUpSlot + (2 * block) + 1] |= config.EverySeconds ?? 0;
                }
            }
        }

        // Events that nobody asked for cost nothing; the array is stored with each job and looked into at each transition.
        var isAsked = slots.AsSpan(0, ChangedSlot).ContainsAnyExcept(0);
        return isAsked ? new(slots[..(Array.FindLastIndex(slots, slot => slot != 0) + 1)]) : None;
    }

    /// <summary>From the column <c>interest</c>.</summary>
    public static NotificationInterest FromColumn(int[] column) => column.Length == 0 ? None : new(column);

    /// <summary>For the column <c>interest</c>: element n is the mask of event n of the catalogue; empty when nobody asked.</summary>
    public int[] ToColumn() => _slots;

    /// <summary>True when somebody asked for this event.</summary>
    public bool Has(EventKind kind) => Slot(kind.Number) != 0;

    /// <summary>Seconds from the begin of a task to the next time that somebody is to be told how far it has come, behind <paramref name="seconds"/>; null when nobody asked for progress by time.</summary>
    internal long? NextRollUp(long seconds) =>
        Enumerable.Range(0, MaxNotifications).Select(block => Slot(FirstRollUpSlot + (2 * block) + 1)).Where(every => every > 0).Min(every => (long?)(((seconds / every) + 1) * every));

    /// <summary>The blocks that are told how far a task has come: those of which a multiple of their percents lies between two looks, or one of their seconds between when that was due and now.</summary>
    /// <param name="ends">Instances that ended.</param>
    /// <param name="due">Seconds from the task's begin to when somebody was to be told; null: not yet.</param>
    /// <param name="now">Seconds from the task's begin.</param>
    internal int RollUpMask(TaskEndCounts ends, long? due, long now)
    {
        var mask = Slot(EventCatalogue.TaskProgress.Number);
        for (var block = 0; block < MaxNotifications; block++)
        {
            var (percent, seconds) = (Slot(FirstRollUpSlot + (2 * block)), Slot(FirstRollUpSlot + (2 * block) + 1));
            var isDue = (percent > 0 && ends.Percents(ends.Now) / percent > ends.Percents(ends.Before) / percent)
                || (seconds > 0 && now / seconds * seconds >= due);
            mask &= isDue ? -1 : ~(1 << block);
        }

        return mask;
    }

    /// <summary>The blocks that are told of an entry of the journal; 0 when none is or the entry is not published.</summary>
    public int MaskFor(JournalEntry entry)
    {
        if (_slots.Length == 0)
        {
            return 0;
        }

        var mask = EventCatalogue.Of(entry.Level, entry.State) is { } kind ? Slot(kind.Number) : 0;
        if (_slots.Length > AlibabaEvents.FirstNumber && !entry.KeepsAlibabaWord && AlibabaEvents.Of(entry.Level, entry.State, entry.Cause) is { } other)
        {
            mask |= Slot(other.Number);
        }

        // The one transition of the catalogue that happens to a subject more than once without another event between: the begin of an attempt after the first begin of its life.
        mask &= entry is { Level: EventLevel.TaskInstance, State: "RUNNING", IsRepeatedBegin: true } ? ~Slot(ChangedSlot) : -1;
        return mask & (entry.Audience ?? -1);
    }

    private int Slot(int number) => number < _slots.Length ? _slots[number] : 0;
}

/// <summary>How many of a task's instances have ended.</summary>
/// <param name="Before">At the last look.</param>
/// <param name="Now">At this one.</param>
/// <param name="All">Instances there are.</param>
internal readonly record struct TaskEndCounts(int Before, int Now, int All)
{
    /// <summary>Whole percents of all.</summary>
    internal int Percents(int ended) => (int)(100L * ended / All);
}
