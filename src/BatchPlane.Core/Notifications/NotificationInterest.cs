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

    private readonly int[] _blocksByKind;

    private NotificationInterest(int[] blocksByKind) => _blocksByKind = blocksByKind;

    /// <summary>Nobody asked for anything.</summary>
    public static NotificationInterest None { get; } = new([]);

    /// <summary>Reads notifications whose event names are known to the catalogue.</summary>
    public static NotificationInterest Of(IReadOnlyList<NotificationDocument> notifications)
    {
        if (notifications.Count == 0)
        {
            return None;
        }

        var blocksByKind = new int[EventCatalogue.Numbers];
        for (var block = 0; block < notifications.Count; block++)
        {
            foreach (var config in notifications[block].EventConfigs)
            {
                if (EventCatalogue.Find(config.EventName) is { } kind)
                {
                    blocksByKind[kind.Number] |= 1 << block;
                }
            }
        }

        return new(blocksByKind);
    }

    /// <summary>From the column <c>interest</c>.</summary>
    public static NotificationInterest FromColumn(int[] column) => column.Length == 0 ? None : new(column);

    /// <summary>For the column <c>interest</c>: element n is the mask of event n of the catalogue; empty when nobody asked.</summary>
    public int[] ToColumn() => _blocksByKind;

    /// <summary>The blocks that asked for this transition; 0 when none did or the transition is not published.</summary>
    public int MaskFor(EventLevel level, string state) =>
        _blocksByKind.Length > 0 && EventCatalogue.Of(level, state) is { } kind && kind.Number < _blocksByKind.Length
            ? _blocksByKind[kind.Number]
            : 0;
}
