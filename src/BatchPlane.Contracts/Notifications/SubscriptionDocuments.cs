namespace BatchPlane.Contracts;

/// <summary>How a subscription is served.</summary>
public enum SubscriptionProtocol
{
    /// <summary>A RabbitMQ queue, declared durable and bound. Its reader is somebody else's business.</summary>
    Queue,

    /// <summary>A webhook: one POST for each event.</summary>
    Http,

    /// <summary>Mail: one for each event, or for several that come fast.</summary>
    Email,
}

/// <summary>What the body of a message or webhook, or the text of a mail, is.</summary>
public enum SubscriptionFormat
{
    /// <summary>As it lies in the topic: in the format the job or environment asked for.</summary>
    Published,

    /// <summary>Tencent's envelope.</summary>
    Cmq,

    /// <summary>Alibaba's flat message.</summary>
    Mns,

    /// <summary>CloudEvents 1.0, structured JSON.</summary>
    Cloudevents,
}

/// <summary>Form of a webhook's request.</summary>
public enum PushForm
{
    /// <summary>Standard Webhooks: the body is the event, signed in the headers. The default.</summary>
    Standard,

    /// <summary>As Tencent's CMQ pushes to its HTTP subscribers.</summary>
    Cmq,

    /// <summary>As Alibaba's MNS pushes to its HTTP subscribers, without its certificate.</summary>
    Mns,
}

/// <summary>What surrounds the event in the push forms of CMQ and MNS.</summary>
public enum PushContent
{
    /// <summary>Nothing: the body is the event.</summary>
    Simplified,

    /// <summary>A JSON object with the event as a text.</summary>
    Json,

    /// <summary>An XML document with the event as a text; MNS alone has it.</summary>
    Xml,
}

/// <summary>How often and when a delivery that failed is tried again.</summary>
public enum RetryStrategy
{
    /// <summary>The schedule of Standard Webhooks: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h; about three days. The default.</summary>
    Standard,

    /// <summary>Begins with <c>first_delay_seconds</c> and doubles up to <c>max_delay_seconds</c>, <c>max_retries</c> times.</summary>
    Exponential,

    /// <summary>CMQ and MNS: three times, each after 10 to 20 s.</summary>
    BackoffRetry,

    /// <summary>CMQ and MNS: 1, 2, 4 … 512 s, then each 512 s; 176 times, nearly a day.</summary>
    ExponentialDecayRetry,
}

/// <summary>A subscription's rule for retries. The members with numbers belong to <c>exponential</c> and have defaults there.</summary>
public sealed record RetryDocument
{
    /// <summary>Which schedule.</summary>
    public RetryStrategy Strategy { get; init; }

    /// <summary>Wait before the first retry, in seconds. 1 to 86,400; default 5.</summary>
    public int? FirstDelaySeconds { get; init; }

    /// <summary>Longest wait between two tries, in seconds. 1 to 604,800; default 43,200.</summary>
    public int? MaxDelaySeconds { get; init; }

    /// <summary>Retries after the first try. 0 to 1,000; default 20.</summary>
    public int? MaxRetries { get; init; }
}

/// <summary>Body of <c>POST /v1/topics/{name}/subscriptions</c>.</summary>
public sealed record SubscriptionDocument
{
    /// <summary>A name: a letter, then letters, digits, <c>_</c>, <c>-</c>, at most 64; no other subscription of the topic may have it, in any case. Default: none.</summary>
    public string? SubscriptionName { get; init; }

    /// <summary>How it is served: <c>queue</c>, <c>http</c> or <c>email</c>.</summary>
    public SubscriptionProtocol Protocol { get; init; }

    /// <summary>
    /// Of a queue its name, 1 to 255 bytes, not starting with <c>amq.</c> or <c>batchplane.</c>; of a webhook its URL, whose address must not be one of a private network unless the server allows it; of
    /// mail one address.
    /// </summary>
    public required string Endpoint { get; init; }

    /// <summary>One AMQP binding pattern over <c>level.state</c>, for example <c>job.#</c> or <c>*.failed</c>; in place of <see cref="Bindings"/>.</summary>
    public string? Binding { get; init; }

    /// <summary>Patterns, at most 16; an event that matches any of them is delivered, once. Default <c>#</c>: all.</summary>
    public IReadOnlyList<string>? Bindings { get; init; }

    /// <summary>False: it gets nothing until it is enabled. Default true.</summary>
    public bool? Enabled { get; init; }

    /// <summary>What is delivered. Default <c>published</c>.</summary>
    public SubscriptionFormat? Format { get; init; }

    /// <summary>Which of the events that its bindings match are delivered; what it names must all be so. Default: all.</summary>
    public EventFilterDocument? Filter { get; init; }

    /// <summary>Of a webhook: form of the request.</summary>
    public PushForm? Push { get; init; }

    /// <summary>Of the push forms <c>cmq</c> (default <c>json</c>) and <c>mns</c> (default <c>xml</c>).</summary>
    public PushContent? ContentFormat { get; init; }

    /// <summary>Of a webhook: the key its requests are signed with, <c>whsec_</c> and base64 of 24 to 64 bytes. Default: one is made.</summary>
    public string? Secret { get; init; }

    /// <summary>Of a webhook: requests under way at once, on each server. 1 to 100; default 10. Mails of a subscription go one after the other.</summary>
    public int? MaxInFlight { get; init; }

    /// <summary>Of webhook and mail: when a failed delivery is tried again.</summary>
    public RetryDocument? Retry { get; init; }
}

/// <summary>Body of <c>PATCH /v1/topics/{name}/subscriptions/{id}</c>: what is absent stays. Protocol and endpoint cannot be changed.</summary>
public sealed record SubscriptionChange
{
    /// <summary>As <see cref="SubscriptionDocument.Binding"/>.</summary>
    public string? Binding { get; init; }

    /// <summary>As <see cref="SubscriptionDocument.Bindings"/>.</summary>
    public IReadOnlyList<string>? Bindings { get; init; }

    /// <summary>False unbinds it: what the topic carries meanwhile is not delivered. True begins anew, also after BatchPlane had disabled it; what waited in its queue is delivered then.</summary>
    public bool? Enabled { get; init; }

    /// <summary>As <see cref="SubscriptionDocument.Format"/>.</summary>
    public SubscriptionFormat? Format { get; init; }

    /// <summary>As <see cref="SubscriptionDocument.Filter"/>; replaces the filter as a whole. An empty one lets everything pass.</summary>
    public EventFilterDocument? Filter { get; init; }

    /// <summary>As <see cref="SubscriptionDocument.ContentFormat"/>.</summary>
    public PushContent? ContentFormat { get; init; }

    /// <summary>As <see cref="SubscriptionDocument.MaxInFlight"/>.</summary>
    public int? MaxInFlight { get; init; }

    /// <summary>As <see cref="SubscriptionDocument.Retry"/>; replaces the rule as a whole.</summary>
    public RetryDocument? Retry { get; init; }
}

/// <summary>A subscription of a topic.</summary>
public sealed record SubscriptionView
{
    /// <summary><c>subsc-</c> and 8 of <c>[a-z0-9]</c>.</summary>
    public required string SubscriptionId { get; init; }

    /// <summary>Its topic.</summary>
    public required string TopicName { get; init; }

    /// <summary>Its name; absent: it has none.</summary>
    public string? SubscriptionName { get; init; }

    /// <summary>How it is served.</summary>
    public required SubscriptionProtocol Protocol { get; init; }

    /// <summary>Queue name, URL or mail address.</summary>
    public required string Endpoint { get; init; }

    /// <summary>Patterns of what it gets.</summary>
    public required IReadOnlyList<string> Bindings { get; init; }

    /// <summary>False: it gets nothing.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>What is delivered.</summary>
    public SubscriptionFormat Format { get; init; }

    /// <summary>Which of the events that its bindings match it gets; absent: all.</summary>
    public EventFilterDocument? Filter { get; init; }

    /// <summary>Of a webhook.</summary>
    public PushForm? Push { get; init; }

    /// <summary>Of the push forms <c>cmq</c> and <c>mns</c>.</summary>
    public PushContent? ContentFormat { get; init; }

    /// <summary>The key of a webhook's signatures: in the answer that made it, and never again.</summary>
    public string? Secret { get; init; }

    /// <summary>After a rotation: until when requests carry a signature of the key before as well.</summary>
    public DateTimeOffset? PreviousSecretUntil { get; init; }

    /// <summary>Of a webhook.</summary>
    public int? MaxInFlight { get; init; }

    /// <summary>Of webhook and mail.</summary>
    public RetryDocument? Retry { get; init; }

    /// <summary>Of webhook and mail: seconds that an event waits before it is given up. Set by the server when the subscription is made.</summary>
    public int? MaxAgeSeconds { get; init; }

    /// <summary>Of webhook and mail: bytes that wait in its queue, at most; beyond that the oldest are given up. Set by the server when the subscription is made.</summary>
    public long? MaxQueueBytes { get; init; }

    /// <summary>Why BatchPlane disabled it; absent when a user did.</summary>
    public string? DisabledReason { get; init; }

    /// <summary>When it was disabled.</summary>
    public DateTimeOffset? DisabledAt { get; init; }

    /// <summary>Of webhook and mail: the first failure since the last success; absent while all is well.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>Last success.</summary>
    public DateTimeOffset? LastDeliveredAt { get; init; }

    /// <summary>Last failure.</summary>
    public DateTimeOffset? LastFailedAt { get; init; }

    /// <summary>HTTP status or SMTP reply code of the last try.</summary>
    public int? LastStatus { get; init; }

    /// <summary>Why the last try failed.</summary>
    public string? LastReason { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Answer of <c>POST /v1/topics/{name}/subscriptions/{id}/rotate-secret</c>.</summary>
/// <param name="Secret">The new key; it is shown again only to a repetition with the same <c>Idempotency-Key</c>.</param>
/// <param name="PreviousSecretUntil">Until when requests carry a signature of the key before as well.</param>
public sealed record RotatedSecret(string Secret, DateTimeOffset PreviousSecretUntil);

/// <summary>State of an event at one subscription.</summary>
public enum DeliveryState
{
    /// <summary>Waits, untried.</summary>
    Pending,

    /// <summary>The endpoint took it.</summary>
    Delivered,

    /// <summary>Failed, and is tried again.</summary>
    Retrying,

    /// <summary>Failed, and given up.</summary>
    Dead,

    /// <summary>Cannot be delivered whatever the endpoint says.</summary>
    Dropped,
}

/// <summary>Body of <c>POST /v1/topics/{name}/test</c>, which may be absent.</summary>
public sealed record TopicTestDocument
{
    /// <summary>Routing key that the test goes by, for example <c>job.failed</c>: shows what the bindings do with it. Default <c>topic.test</c>.</summary>
    public string? RoutingKey { get; init; }
}

/// <summary>Answer of <c>POST /v1/topics/{name}/test</c>.</summary>
public sealed record TopicTestView
{
    /// <summary>Id of the test event, <c>test-…:1</c>.</summary>
    public required string EventId { get; init; }

    /// <summary>The topic.</summary>
    public required string TopicName { get; init; }

    /// <summary>Key it was sent with.</summary>
    public required string RoutingKey { get; init; }

    /// <summary>False: RabbitMQ gave it back, no queue gets what has this key.</summary>
    public required bool Routed { get; init; }

    /// <summary>What came of it at each subscription of the topic.</summary>
    public required IReadOnlyList<TopicTestResult> Subscriptions { get; init; }
}

/// <summary>What came of a test event at one subscription.</summary>
public sealed record TopicTestResult
{
    /// <summary>The subscription.</summary>
    public required string SubscriptionId { get; init; }

    /// <summary>How it is served.</summary>
    public required SubscriptionProtocol Protocol { get; init; }

    /// <summary>Queue, URL or address.</summary>
    public required string Endpoint { get; init; }

    /// <summary>False: none of its bindings matches the routing key, or it is disabled, so that it got nothing.</summary>
    public required bool Matches { get; init; }

    /// <summary>Of a queue <c>delivered</c> when the message lies in it; of webhook and mail what came of the first try, <c>pending</c> when that did not end in time. Absent when nothing matches.</summary>
    public DeliveryState? State { get; init; }

    /// <summary>HTTP status or SMTP reply code.</summary>
    public int? Status { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Reason { get; init; }
}
