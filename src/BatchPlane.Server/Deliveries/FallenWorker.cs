using System.Text.RegularExpressions;
using BatchPlane.Contracts;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Dispatch.Bus;

namespace BatchPlane.Server.Deliveries;

/// <summary>Records what fell out of the queues of webhooks and mail, since it was too old or too much: nothing goes without a word.</summary>
internal sealed partial class FallenWorker(DeliveryServices services)
{
    /// <summary>Why an event was given up that waited for longer than its subscription allows.</summary>
    internal const string TooOld = "It waited for longer than the subscription's max_age_seconds.";

    private const int Prefetch = 1_000;

    /// <summary>Begins to consume, on this server; all share the work.</summary>
    internal IAsyncDisposable Start() => services.Bus.Consume(TopicTopology.Fallen, TopicTopology.FallenArguments, Prefetch, HandleAsync);

    private async Task HandleAsync(Incoming incoming)
    {
        if (incoming.FallenReason is not { } word || !OwnQueue().IsMatch(incoming.RoutingKey))
        {
            return;
        }

        services.Metrics.Fallen(word);
        await services.Recorder.RecordAsync(
            new(
                incoming.RoutingKey[SubscriptionQueue.OwnPrefix.Length..],
                incoming.SubjectId,
                incoming.Sequence,
                incoming.TopicName,
                incoming.RedeliveredAt,
                DeliveryState.Dropped,
                incoming.Tries,
                null,
                ReasonOf(word),
                null),
            CancellationToken.None);
    }

    private static string ReasonOf(string word) => word switch
    {
        "expired" => TooOld,
        "maxlen" => "The subscription's queue was full (max_queue_bytes).",
        "delivery_limit" => "It was handed out too often without an end.",
        _ => "It fell out of the subscription's queue.",
    };

    [GeneratedRegex(@"^batchplane\.sub\.[a-z0-9-]{1,64}\z")]
    private static partial Regex OwnQueue();
}
