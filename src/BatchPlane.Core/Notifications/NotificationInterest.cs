using BatchPlane.Contracts;

namespace BatchPlane.Core.Notifications;

/// <summary>
/// Who asked for what, ready for the transition path: for each notification block of a job or environment, the events it
/// lists. Answers with a mask whose bit n stands for block n of the stored notifications.
/// </summary>
public sealed class NotificationInterest
{
    /// <summary>Most notification blocks a job or environment may have: the bits of a mask.</summary>
    public const int MaxNotifications = 16;

    private readonly int[] _blocksByKind = new int[64];

    /// <summary>Reads stored notifications; their event names are canonical.</summary>
    public NotificationInterest(IReadOnlyList<NotificationDocument> notifications)
    {
        for (var block = 0; block < notifications.Count; block++)
        {
            foreach (var config in notifications[block].EventConfigs)
            {
                if (EventCatalogue.Find(config.EventName) is { } kind)
                {
                    _blocksByKind[kind.Number] |= 1 << block;
                }
            }
        }
    }

    /// <summary>Nobody asked for anything.</summary>
    public static NotificationInterest None { get; } = new([]);

    /// <summary>The blocks that asked for this transition; 0 when none did or the transition is not published.</summary>
    public int MaskFor(EventLevel level, string state) =>
        EventCatalogue.Of(level, state) is { } kind ? _blocksByKind[kind.Number] : 0;
}
