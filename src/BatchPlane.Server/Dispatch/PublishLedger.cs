using BatchPlane.Core.Journal;

namespace BatchPlane.Server.Dispatch;

/// <summary>A message on its way.</summary>
/// <param name="Topic">Topic that it is of.</param>
/// <param name="SubjectId">Job or environment.</param>
/// <param name="Sequence">Sequence of the event.</param>
/// <param name="Copy">Which subscription's own copy it is; null: it is the topic's.</param>
internal readonly record struct SentMessage(string Topic, string SubjectId, long Sequence, SubscriptionCopy? Copy = null);

/// <summary>Where a subscription's own copies of events go.</summary>
/// <param name="SubscriptionId">The subscription.</param>
/// <param name="Queue">Its queue.</param>
internal sealed record SubscriptionCopy(string SubscriptionId, string Queue);

/// <summary>
/// What a channel has sent and the broker has not answered yet, in order; and how far everything is answered. One side sends,
/// the other (the client's reading loop) reports answers: all members may be called from both.
/// </summary>
/// <remarks>
/// Broker and ledger number messages alike: 1, 2, 3, … in the order of sending. A return comes before the acknowledgement
/// of the same message and carries no number, so it is found by id and topic among those not answered.
/// </remarks>
internal sealed class PublishLedger
{
    private readonly Lock _gate = new();
    private readonly Entry[] _ring;
    private readonly List<DeliveryException> _exceptions = [];

    // Exceptions that are not behind the confirmed position yet: of messages answered, and of messages that were not sent, since the last checkpoint.
    private readonly List<DeliveryException> _answered = [];
    private readonly List<DeliveryException> _unsent = [];
    private readonly List<SentMessage> _refused = [];
    private ulong _sent;
    private ulong _settled;
    private OutboxPosition _confirmed;
    private bool _stopped;
    private PublishFault _fault;
    private string? _faultReason;
    private int _waitingFor;
    private TaskCompletionSource? _waiter;

    internal PublishLedger(int capacity, OutboxPosition start)
    {
        _ring = new Entry[capacity];
        _confirmed = start;
    }

    /// <summary>First fault of the channel, and what was said about it.</summary>
    internal (PublishFault Fault, string? Reason) Fault
    {
        get
        {
            lock (_gate)
            {
                return (_fault, _faultReason);
            }
        }
    }

    /// <summary>Messages sent and not answered.</summary>
    internal int InFlight
    {
        get
        {
            lock (_gate)
            {
                return (int)(_sent - _settled);
            }
        }
    }

    /// <summary>Number of messages answered: grows while the broker is alive.</summary>
    internal ulong Settled
    {
        get
        {
            lock (_gate)
            {
                return _settled;
            }
        }
    }

    /// <summary>Position up to which everything is confirmed, with the exceptions before it that were not taken yet; those beyond it come with it.</summary>
    internal (OutboxPosition Position, IReadOnlyList<DeliveryException> Exceptions) TakeConfirmed()
    {
        lock (_gate)
        {
            DeliveryException[] taken = [.. _exceptions];
            _exceptions.Clear();
            return (_confirmed, taken);
        }
    }

    /// <summary>Messages that the broker refused.</summary>
    internal IReadOnlyList<SentMessage> Refused
    {
        get
        {
            lock (_gate)
            {
                return [.. _refused];
            }
        }
    }

    /// <summary>A message is about to be sent; there is room for it.</summary>
    internal void Sending(SentMessage message)
    {
        lock (_gate)
        {
            _ring[_sent % (ulong)_ring.Length] = new() { Message = message };
            _sent++;
        }
    }

    /// <summary>All messages of everything up to <paramref name="position"/> were sent (or need not be).</summary>
    internal void Checkpoint(OutboxPosition position)
    {
        lock (_gate)
        {
            if (_sent == _settled)
            {
                Confirm(position, _unsent);
            }
            else
            {
                ref var last = ref _ring[(_sent - 1) % (ulong)_ring.Length];
                last.Checkpoint = position;
                last.Unsent = [.. last.Unsent ?? [], .. _unsent];
            }

            _unsent.Clear();
        }
    }

    /// <summary>A message that is not sent at all.</summary>
    internal void NotSent(DeliveryException exception)
    {
        lock (_gate)
        {
            _unsent.Add(exception);
        }
    }

    /// <summary>The broker had no queue for a message: of a topic, or with <paramref name="queue"/> a copy that was sent into that one.</summary>
    internal void Returned(string topic, string messageId, string reason, string? queue = null)
    {
        lock (_gate)
        {
            for (var number = _settled; number < _sent; number++)
            {
                ref var entry = ref _ring[number % (ulong)_ring.Length];
                if (entry.State == EntryState.Sent && (queue is null ? entry.Message.Copy is null && entry.Message.Topic == topic : entry.Message.Copy?.Queue == queue) && IsId(messageId, entry.Message))
                {
                    entry.State = EntryState.Returned;
                    entry.Reason = reason;
                    return;
                }
            }
        }
    }

    /// <summary>The broker's answer to message <paramref name="tag"/>, or to all up to it.</summary>
    internal void Answered(ulong tag, bool multiple, bool accepted)
    {
        lock (_gate)
        {
            for (var number = multiple ? _settled + 1 : tag; number <= tag && number <= _sent; number++)
            {
                ref var entry = ref _ring[(number - 1) % (ulong)_ring.Length];
                if (number <= _settled || entry.State is EntryState.Accepted or EntryState.Refused)
                {
                    continue;
                }

                Answer(ref entry, accepted);
            }

            MovePrefix();
            Wake();
        }
    }

    internal void Fail(PublishFault fault, string reason)
    {
        lock (_gate)
        {
            SetFault(fault, reason);
            Wake();
        }
    }

    /// <summary>Completes when at most <paramref name="inFlight"/> messages are without an answer, or the channel is closed. One waiter at a time.</summary>
    internal Task WhenAtMostAsync(int inFlight)
    {
        lock (_gate)
        {
            if (_sent - _settled <= (ulong)inFlight || _fault is PublishFault.Closed or PublishFault.TimedOut)
            {
                return Task.CompletedTask;
            }

            _waitingFor = inFlight;
            _waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _waiter.Task;
        }
    }

    private static bool IsId(string messageId, SentMessage message)
    {
        // Compared without building the id of every candidate: all events of a burst to an unbound topic come back.
        var subject = message.SubjectId;
        return messageId.Length > subject.Length
            && messageId[subject.Length] == ':'
            && messageId.StartsWith(subject, StringComparison.Ordinal)
            && long.TryParse(messageId.AsSpan(subject.Length + 1), out var sequence)
            && sequence == message.Sequence;
    }

    private void Answer(ref Entry entry, bool accepted)
    {
        if (!accepted)
        {
            entry.State = EntryState.Refused;
            _refused.Add(entry.Message);
            SetFault(PublishFault.Refused, "the broker refused a message");
            return;
        }

        entry.State = EntryState.Accepted;
    }

    /// <summary>Answered messages leave the ring from its beginning; the position stops for good before the first that was refused.</summary>
    private void MovePrefix()
    {
        while (_settled < _sent)
        {
            ref var entry = ref _ring[_settled % (ulong)_ring.Length];
            if (entry.State is not (EntryState.Accepted or EntryState.Refused))
            {
                return;
            }

            _stopped |= entry.State == EntryState.Refused;
            if (entry.Reason is { } reason)
            {
                var (topic, subjectId, sequence, copy) = entry.Message;
                _answered.Add(new(subjectId, sequence, topic, DeliveryOutcome.Unrouted, reason) { SubscriptionId = copy?.SubscriptionId });
            }

            if (entry.Checkpoint is { } position)
            {
                Confirm(position, entry.Unsent);
            }

            _settled++;
        }
    }

    /// <summary>Everything up to a position is answered, or need not be; behind a message that was refused that is of no use any more.</summary>
    private void Confirm(OutboxPosition position, IReadOnlyCollection<DeliveryException>? unsent)
    {
        if (!_stopped)
        {
            _confirmed = position;
            _exceptions.AddRange(_answered);
            _exceptions.AddRange(unsent ?? []);
        }

        _answered.Clear();
    }

    private void SetFault(PublishFault fault, string reason)
    {
        // A refusal leaves the channel usable for the answers still to come; a closed one ends that.
        if (_fault is PublishFault.None or PublishFault.Refused && _fault != fault)
        {
            _fault = fault;
            _faultReason = reason;
        }
    }

    private void Wake()
    {
        if (_waiter is not null && (_sent - _settled <= (ulong)_waitingFor || _fault is PublishFault.Closed or PublishFault.TimedOut))
        {
            _waiter.TrySetResult();
            _waiter = null;
        }
    }

    private enum EntryState
    {
        Sent,
        Returned,
        Accepted,
        Refused,
    }

    private struct Entry
    {
        internal SentMessage Message;
        internal EntryState State;
        internal string? Reason;
        internal OutboxPosition? Checkpoint;
        internal DeliveryException[]? Unsent;
    }
}
