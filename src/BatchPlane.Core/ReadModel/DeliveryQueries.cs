using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Core.Topics;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.ReadModel;

/// <summary>Which messages that did not simply arrive somebody wants, at topics and at their subscriptions; null: any.</summary>
public sealed record DeliveryFilter(string? SubjectId, string? State, string? TopicName, DateTimeOffset? Since, DateTimeOffset? Until, string? SubscriptionId = null);

/// <summary>Place of a message in the list of those that did not simply arrive.</summary>
/// <param name="Time">When it was tried last.</param>
/// <param name="SubjectId">Job or environment.</param>
/// <param name="Sequence">The event.</param>
/// <param name="TopicName">The topic.</param>
/// <param name="SubscriptionId">The subscription that gave it up; empty: none had it.</param>
public readonly record struct DeliveryPlace(DateTimeOffset Time, string SubjectId, long Sequence, string TopicName, string SubscriptionId);

/// <summary>What became of events at topics: by the cursor of their shard, and what was noted of messages that did not simply arrive.</summary>
public sealed class DeliveryQueries(NpgsqlDataSource dataSource, JournalReader reader, ReadContexts contexts)
{
    /// <summary>Most topics one event can have gone to: those of the blocks, and Alibaba's.</summary>
    private const int MaxOfEvent = NotificationLimits.MostTopics + 1;

    private const string QueueProtocol = "queue";

    private const string BeingMade = "The event was sent while the subscription was being made, bound or changed: it may have got it or not.";

    /// <summary>One event at each topic that asked for it; null when there is no such event (any more). Results of subscriptions that were stored before <paramref name="resultsSince"/> may be forgotten.</summary>
    public async Task<EventDeliveries?> OfEventAsync(string subjectId, long sequence, DateTimeOffset resultsSince, CancellationToken cancellationToken)
    {
        // In this order: exceptions are stored with the move of the cursor over them.
        if (await FindAsync(subjectId, sequence, cancellationToken) is not { } found)
        {
            return null;
        }

        var exceptions = (await SelectAsync(new(subjectId, null, null, null, null), sequence, null, MaxOfEvent, cancellationToken))
            .ToDictionary(delivery => TopicKey.Of(delivery.TopicName), StringComparer.Ordinal);
        var names = (await reader.NamesAsync([found.Row], cancellationToken)).GetValueOrDefault(subjectId, SubjectNames.None);
        var offset = (int)(sequence - found.Row.Sequence);
        var view = EventViews.ToView(found.Row, offset, names);
        var subscriptions = await SubscriptionsAsync(found.Row, sequence, KindsOf(found.Row, names), cancellationToken);
        return new EventDeliveries
        {
            Event = view,
            Deliveries = [.. names.Asked(found.Row).Select(topic =>
            {
                var delivery = exceptions.GetValueOrDefault(TopicKey.Of(topic)) ?? new DeliveryView
                {
                    EventId = view.EventId,
                    TopicName = topic,
                    State = found.IsDelivered ? DeliveryStates.Confirmed : DeliveryStates.Pending,
                };
                var isForgotten = view.OccurredAt < resultsSince;
                return delivery with
                {
                    Subscriptions = [.. subscriptions[TopicKey.Of(topic)]
                        .Where(each => each.Result is not null || MayHaveGot(each, delivery.State))
                        .Select(each => ViewOf(each, StateAt(each, delivery.State, isForgotten)))],
                };
            })],
        };
    }

    /// <summary>At most <paramref name="limit"/> messages that did not simply arrive, the latest first, each with its place.</summary>
    public async Task<IReadOnlyList<DeliveryView>> ListAsync(DeliveryFilter filter, DeliveryPlace? after, int limit, CancellationToken cancellationToken) =>
        await SelectAsync(filter, null, after, limit, cancellationToken);

    private async Task<(EventRow Row, bool IsDelivered)?> FindAsync(string subjectId, long sequence, CancellationToken cancellationToken)
    {
        long begin;
        bool isDelivered;
        await using (var command = dataSource.CreateCommand(SqlText.Load("ReadModel/Sql/delivery_event.sql")))
        {
            command.Parameters.AddWithValue("subject_id", subjectId);
            command.Parameters.AddWithValue("sequence", sequence);
            await using var found = await command.ExecuteReaderAsync(cancellationToken);
            if (!await found.ReadAsync(cancellationToken))
            {
                return null;
            }

            (begin, isDelivered) = (found.GetInt64(0), found.GetBoolean(1));
        }

        await using var context = contexts.Open();
        var row = await context.Events.SingleOrDefaultAsync(entry => entry.SubjectId == subjectId && entry.Sequence == begin, cancellationToken);
        return row is not null && sequence < row.Sequence + row.Span ? (row, isDelivered) : null;
    }

    /// <summary>
    /// False for a subscription that surely did not get the event, or of which nobody knows: it is disabled, or was made, enabled or bound otherwise after the event was sent. What the topic does not
    /// have yet, all get that are bound now.
    /// </summary>
    private static bool MayHaveGot(Asked asked, string stateAtTopic) => asked.Row.Enabled && (asked.Standing != Standing.Before || stateAtTopic == DeliveryStates.Pending);

    /// <summary>
    /// What has no result of its own: a bound queue has what the broker confirmed; one that is sent copies of its own has them, whatever came of the topic's; a webhook or mail waits in its queue then, unless
    /// its result is forgotten. What was sent while the subscription was being made may be in its queue or not.
    /// </summary>
    private static (string State, string? Reason) StateAt(Asked asked, string stateAtTopic, bool isForgotten)
    {
        if (stateAtTopic == DeliveryStates.Pending || (stateAtTopic != DeliveryStates.Confirmed && !asked.Row.IsAddressed))
        {
            return (stateAtTopic, null);
        }

        if (asked.Standing != Standing.After)
        {
            return (DeliveryStates.Unknown, BeingMade);
        }

        var hasResults = asked.Row.IsAddressed || asked.Row.Protocol != QueueProtocol;
        return (hasResults && isForgotten ? DeliveryStates.Unknown : asked.Row.Protocol == QueueProtocol ? DeliveryStates.Confirmed : DeliveryStates.Pending, null);
    }

    /// <summary>Subscriptions that an event is for, by key of the topic, with the results that are stored. The broker confirms a message when all queues bound for it have it.</summary>
    private async Task<ILookup<string, Asked>> SubscriptionsAsync(EventRow row, long sequence, ILookup<string, EventKind> kinds, CancellationToken cancellationToken)
    {
        var keys = kinds.Select(topic => topic.Key).ToArray();
        await using var context = contexts.Open();
        var subscriptions = await context.Subscriptions.Where(subscription => keys.Contains(subscription.TopicKey)).OrderBy(subscription => subscription.SubscriptionId).ToListAsync(cancellationToken);
        var results = await context.SubscriptionDeliveries.Where(result => result.SubjectId == row.SubjectId && result.Sequence == sequence).ToDictionaryAsync(result => result.SubscriptionId, cancellationToken);
        var standings = await StandingsAsync(row, keys, cancellationToken);
        var labels = subscriptions.Exists(subscription => subscription.Filter is not null) ? await LabelsAsync(context, row.SubjectId, cancellationToken) : [];
        var beganBefore = row.Details is { } details && JournalDetails.Parse(details).BeganBefore is true;
        return subscriptions
            .Where(subscription => results.ContainsKey(subscription.SubscriptionId) || kinds[subscription.TopicKey].Any(kind => Gets(subscription, kind, beganBefore, labels)))
            .ToLookup(
                subscription => subscription.TopicKey,
                subscription => new Asked(subscription, results.GetValueOrDefault(subscription.SubscriptionId), standings.GetValueOrDefault(subscription.SubscriptionId)),
                StringComparer.Ordinal);
    }

    private static bool Gets(SubscriptionRow subscription, EventKind kind, bool beganBefore, IReadOnlyList<TagDocument> labels) =>
        AddressedSubscriptions.Gets(subscription.Bindings, subscription.Filter is { } filter ? ReadJson.Of<EventFilterDocument>(filter) : null, kind, beganBefore, labels);

    /// <summary>Labels of a job or environment.</summary>
    private static async Task<IReadOnlyList<TagDocument>> LabelsAsync(ReadContext context, string subjectId, CancellationToken cancellationToken) =>
        (await context.Jobs.Where(job => job.JobId == subjectId).Select(job => job.Tags)
            .Concat(context.Environments.Where(environment => environment.EnvId == subjectId).Select(environment => environment.Tags))
            .FirstOrDefaultAsync(cancellationToken)) is { } tags
            ? ReadJson.Of<TagDocument[]>(tags)
            : [];

    private async Task<Dictionary<string, Standing>> StandingsAsync(EventRow row, string[] topicKeys, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("ReadModel/Sql/delivery_standings.sql"));
        command.Parameters.AddWithValue("topic_keys", topicKeys);
        command.Parameters.AddWithValue("shard", (int)DispatcherShard.Of(row.SubjectId));
        command.Parameters.Add(new("order_txid", NpgsqlDbType.Xid8) { Value = row.OrderTxid });
        command.Parameters.AddWithValue("event_no", row.EventNo);
        await using var found = await command.ExecuteReaderAsync(cancellationToken);
        var standings = new Dictionary<string, Standing>(StringComparer.Ordinal);
        while (await found.ReadAsync(cancellationToken))
        {
            standings.Add(found.GetString(0), found.GetBoolean(2) ? Standing.After : found.GetBoolean(1) ? Standing.Before : Standing.Between);
        }

        return standings;
    }

    /// <summary>The event as it was asked for, by key of the topic: each block has its catalogue's word for it.</summary>
    private static ILookup<string, EventKind> KindsOf(EventRow row, SubjectNames names)
    {
        var cause = WireName.ParseNullable<Cause>(row.Cause);
        return names.AskedBlocks(row)
            .Select(block => (block.Topics, Kind: AlibabaEvents.KindFor(block, EventCatalogue.ParseLevel(row.Level), row.State, cause)))
            .Where(asked => asked.Kind is not null)
            .SelectMany(asked => asked.Topics.Select(topic => (Topic: TopicKey.Of(topic), asked.Kind)))
            .ToLookup(asked => asked.Topic, asked => asked.Kind!, StringComparer.Ordinal);
    }

    private static SubscriptionDeliveryView ViewOf(Asked asked, (string State, string? Reason) withoutResult) => new()
    {
        SubscriptionId = asked.Row.SubscriptionId,
        Protocol = asked.Row.Protocol,
        Endpoint = asked.Row.Endpoint,
        State = asked.Result?.State ?? withoutResult.State,
        Tries = asked.Result?.Tries,
        LastStatus = asked.Result?.LastStatus,
        Reason = asked.Result is { } result ? result.LastReason : withoutResult.Reason,
        LastTriedAt = asked.Result?.LastTriedAt,
        NextTryAt = asked.Result?.NextTryAt,
    };

    private async Task<List<DeliveryView>> SelectAsync(DeliveryFilter filter, long? sequence, DeliveryPlace? after, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("ReadModel/Sql/deliveries_select.sql"));
        command.Parameters.Add(Text("subject_id", filter.SubjectId));
        command.Parameters.Add(Number("sequence", sequence));
        command.Parameters.Add(Text("state", filter.State));
        command.Parameters.Add(Text("subscription_id", filter.SubscriptionId));
        command.Parameters.AddWithValue("with_subscriptions", sequence is null);
        command.Parameters.Add(Text("topic_key", filter.TopicName is { } topic ? TopicKey.Of(topic) : null));
        command.Parameters.Add(Time("since", filter.Since));
        command.Parameters.Add(Time("until", filter.Until));
        command.Parameters.Add(Time("before", after?.Time));
        command.Parameters.Add(Text("before_subject", after?.SubjectId));
        command.Parameters.Add(Number("before_sequence", after?.Sequence));
        command.Parameters.Add(Text("before_topic", after?.TopicName));
        command.Parameters.Add(Text("before_subscription", after?.SubscriptionId));
        command.Parameters.AddWithValue("row_limit", limit);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<DeliveryView>();
        while (await rows.ReadAsync(cancellationToken))
        {
            found.Add(new()
            {
                EventId = string.Create(CultureInfo.InvariantCulture, $"{rows.GetString(0)}:{rows.GetInt64(1)}"),
                TopicName = rows.GetString(2),
                State = rows.GetString(3),
                Reason = rows.IsDBNull(4) ? null : rows.GetString(4),
                Tries = rows.GetInt32(5),
                LastTriedAt = rows.GetFieldValue<DateTimeOffset>(6),
                SubscriptionId = rows.GetString(7) is { Length: > 0 } subscription ? subscription : null,
                Protocol = rows.IsDBNull(8) ? null : rows.GetString(8),
                Endpoint = rows.IsDBNull(9) ? null : rows.GetString(9),
                LastStatus = rows.IsDBNull(10) ? null : rows.GetInt32(10),
            });
        }

        return found;
    }

    private static NpgsqlParameter Text(string name, string? value) => new(name, NpgsqlDbType.Text) { Value = (object?)value ?? DBNull.Value };

    private static NpgsqlParameter Number(string name, long? value) => new(name, NpgsqlDbType.Bigint) { Value = value is { } number ? number : DBNull.Value };

    private static NpgsqlParameter Time(string name, DateTimeOffset? value) =>
        new(name, NpgsqlDbType.TimestampTz) { Value = value is { } time ? time.ToUniversalTime() : DBNull.Value };

    /// <summary>How the bindings of a subscription stood when an event was sent.</summary>
    private enum Standing
    {
        /// <summary>They were on their way: nobody knows.</summary>
        Between,

        /// <summary>Not asked for yet.</summary>
        Before,

        /// <summary>RabbitMQ had them.</summary>
        After,
    }

    /// <summary>A subscription that an event is for.</summary>
    private sealed record Asked(SubscriptionRow Row, SubscriptionDeliveryRow? Result, Standing Standing);
}
