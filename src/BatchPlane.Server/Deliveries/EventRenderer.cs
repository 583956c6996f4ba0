using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Messages;
using BatchPlane.Core.Notifications;
using Microsoft.Extensions.Options;
using Npgsql;

namespace BatchPlane.Server.Deliveries;

/// <summary>
/// Gives an event the format that a subscription asks for: the body as it was published, or one written anew from the journal. Tests of topics and messages of others are in no journal and
/// are delivered as they were published.
/// </summary>
internal sealed class EventRenderer(OutboxReader journal, NpgsqlDataSource dataSource, IOptions<NotificationOptions> options, TimeProvider time) : IDisposable
{
    /// <summary>Why an event cannot be written anew.</summary>
    internal const string GoneReason = "The journal does not have the event any more, or not so that it could be written in another format.";

    // It and what it keeps are for one caller at a time; what is read of a job is kept for a short while.
    private readonly SemaphoreSlim _gate = new(1);
    private readonly MessageContextStore _contexts = new(dataSource, time);

    /// <summary>The event's content; null when it cannot be made.</summary>
    internal async Task<EventContent?> RenderAsync(SubscriptionFormat format, Incoming incoming, CancellationToken cancellationToken)
    {
        if (format == SubscriptionFormat.Published || !IsOfJournal(incoming))
        {
            return new(incoming.Body, incoming.ContentType);
        }

        if (await journal.FindAsync(incoming.SubjectId, incoming.Sequence, cancellationToken) is not { } found)
        {
            return null;
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            return Render(format, incoming, found, await _contexts.LoadAsync([found.Row], cancellationToken));
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private static bool IsOfJournal(Incoming incoming) =>
        Array.Exists([EntityId.Job, EntityId.Environment, EntityId.Subscription], prefix => incoming.SubjectId.StartsWith(prefix, StringComparison.Ordinal));

    private EventContent? Render(SubscriptionFormat format, Incoming incoming, JournalEvent found, MessageContexts contexts)
    {
        var row = found.Row;
        if (contexts.SubjectOf(row) is not { } subject || (EventCatalogue.Of(row.Level, row.State) ?? EventCatalogue.FindAny(incoming.EventName)) is not { } kind)
        {
            return null;
        }

        using var writer = BodyWriter.Of(FormatOf(format), options.Value);
        var body = writer.Write(new(kind, found, subject, contexts.NodeOf(row), VarsOf(subject, incoming)), out var tooLong, subject.LimitOf(incoming.TopicName));
        return tooLong ? null : new EventContent(body.ToArray(), writer.ContentType);
    }

    /// <summary>The variables that the subject asked for with this event on this topic.</summary>
    private static IReadOnlyList<EventVarDocument> VarsOf(SubjectContext subject, Incoming incoming)
    {
        if (EventCatalogue.FindAny(incoming.EventName) is not { } asked)
        {
            return [];
        }

        return Enumerable.Range(0, subject.Notifications.Count)
            .Where(block => subject.Notifications[block].Topics.Contains(incoming.TopicName, StringComparer.OrdinalIgnoreCase))
            .Select(block => subject.VarsOf(block, asked))
            .FirstOrDefault(vars => vars is not null) ?? [];
    }

    private static NotificationFormat FormatOf(SubscriptionFormat format) => format switch
    {
        SubscriptionFormat.Cmq => NotificationFormat.Cmq,
        SubscriptionFormat.Mns => NotificationFormat.Mns,
        SubscriptionFormat.Cloudevents => NotificationFormat.Cloudevents,
        SubscriptionFormat.Published => throw new ArgumentOutOfRangeException(nameof(format), format, "Is not written anew."),
    };
}
