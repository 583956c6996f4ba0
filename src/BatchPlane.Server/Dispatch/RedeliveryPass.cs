using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Messages;
using BatchPlane.Core.Redelivery;
using BatchPlane.Core.Subscriptions;

namespace BatchPlane.Server.Dispatch;

/// <summary>
/// Goes over the events of a page of a redelivery; ends after a bounded number of messages, wherever in the page. Rows of which nothing is wanted are passed over whole, however
/// many events they stand for.
/// </summary>
/// <param name="work">What is wanted, and from where on.</param>
/// <param name="rows">The page.</param>
/// <param name="lead">Where messages go.</param>
/// <param name="contexts">Of the page's jobs and environments, those that are still there.</param>
/// <param name="isLast">True when nothing follows the page.</param>
/// <param name="maxMessages">Messages after which it ends.</param>
internal sealed class RedeliveryPass(
    RedeliveryWork work,
    IReadOnlyList<OutboxRow> rows,
    IRedeliveryLead lead,
    MessageContexts contexts,
    bool isLast,
    int maxMessages)
{
    private JournalPosition _cursor = work.Cursor;
    private JournalEvent _current;
    private readonly HashSet<(string SubjectId, long Sequence, string Queue)> _leftOut = [];
    private readonly List<(string SubscriptionId, string SubjectId, long Sequence)> _copied = [];
    private long _skipped;
    private bool _isThrough;

    /// <summary>The events to be sent, in order; each is taken to be sent when the next is asked for, or none.</summary>
    internal IEnumerable<JournalEvent> Events()
    {
        var found = lead.Found;
        var looked = found?.Rows ?? rows;
        var taken = 0;
        foreach (var row in looked)
        {
            IReadOnlyList<int> ofRow = found is null ? [] : OffsetsIn(row, found.Events, ref taken);

            // What is behind the last of them was not asked about yet.
            var isCut = found is { IsCut: true } && taken == found.Events.Count;
            var offsets = OffsetsOf(row, ofRow, isCut);
            if (contexts.SubjectOf(row) is not { } subject)
            {
                _skipped += offsets.LongCount();
            }
            else if (lead.MayLead(row, subject))
            {
                foreach (var offset in offsets)
                {
                    if (lead.Count >= maxMessages)
                    {
                        yield break;
                    }

                    _cursor = After(row, offset);
                    _current = new(row, offset);
                    yield return _current;
                }
            }

            if (isCut)
            {
                _cursor = After(row, ofRow[^1]);
                yield break;
            }

            _cursor = JournalPosition.Behind(row.OrderTxId, row.EventNo);
        }

        _isThrough = looked.Count == rows.Count;
    }

    /// <summary>Where the message of the current event for a topic goes; it is taken to be sent there.</summary>
    internal Destination Lead(string topic, in Message message) => lead.Lead(topic, message);

    /// <summary>The message of the current event cannot go into the queue of a subscription that it was led to.</summary>
    internal void LeaveOut(string queue) => _leftOut.Add((_current.Row.SubjectId, _current.Sequence, queue));

    /// <summary>With the current event's message for a topic went the copy of a subscription.</summary>
    internal void Copied(SubscriptionView subscription)
    {
        if (subscription.Protocol == SubscriptionProtocol.Queue)
        {
            _copied.Add((subscription.SubscriptionId, _current.Row.SubjectId, _current.Sequence));
        }
    }

    /// <summary>What came of it, once the broker has answered. What was left out stays given up.</summary>
    internal RedeliveryStep Result(IReadOnlyList<DeliveryException> exceptions)
    {
        var step = lead.Result(_cursor, exceptions, _skipped, isDone: isLast && _isThrough);
        return step with
        {
            Requeued = step.Requeued - _leftOut.Count,
            LeftOut = _leftOut.Count,
            Copied = [.. _copied.Except(exceptions.Where(exception => exception.SubscriptionId is not null).Select(exception => (exception.SubscriptionId!, exception.SubjectId, exception.Sequence)))],
            Revived = [.. step.Revived.Where(letter => !_leftOut.Contains((letter.SubjectId, letter.Sequence, SubscriptionQueue.OwnOf(letter.SubscriptionId))))],
        };
    }

    private static JournalPosition After(OutboxRow row, int offset) =>
        offset + 1 == row.Span ? JournalPosition.Behind(row.OrderTxId, row.EventNo) : new(row.OrderTxId, row.EventNo, offset + 1);

    /// <summary>Offsets of the events of a row that are found, which come in the order of the rows.</summary>
    private static List<int> OffsetsIn(OutboxRow row, IReadOnlyList<(string SubjectId, long Sequence)> events, ref int taken)
    {
        var offsets = new List<int>();
        while (taken < events.Count && events[taken].SubjectId == row.SubjectId && events[taken].Sequence >= row.Sequence && events[taken].Sequence < row.Sequence + row.Span)
        {
            offsets.Add((int)(events[taken++].Sequence - row.Sequence));
        }

        return offsets;
    }

    /// <summary>Offsets of the events of a row that are asked for and not done.</summary>
    private IEnumerable<int> OffsetsOf(OutboxRow row, IReadOnlyList<int> ofRow, bool isCut)
    {
        var (first, end) = (_cursor.CountOf(row.OrderTxId, row.EventNo), row.Span);
        if (work.Events is { } events)
        {
            (first, end) = ((int)Math.Max(first, events.First - row.Sequence), (int)Math.Min(end, events.Last - row.Sequence + 1));
        }

        end = isCut ? Math.Min(end, ofRow[^1] + 1) : end;
        return lead.Found is { IsOnly: true } ? ofRow.Where(offset => offset >= first && offset < end) : Enumerable.Range(first, Math.Max(0, end - first));
    }
}

/// <summary>Events of a page that messages were found of.</summary>
/// <param name="Rows">The rows that were looked at: the first of the page.</param>
/// <param name="Events">In the order of the rows, each once.</param>
/// <param name="IsCut">True when in these rows there may be more, behind the last one.</param>
/// <param name="IsOnly">True when no others are wanted.</param>
internal sealed record RedeliveryEvents(IReadOnlyList<OutboxRow> Rows, IReadOnlyList<(string SubjectId, long Sequence)> Events, bool IsCut, bool IsOnly);
