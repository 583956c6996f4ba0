using System.Collections.Immutable;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Api;

/// <summary>One kind of refusal. docs/http-status-codes.md is made of these.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">Stable code.</param>
/// <param name="Title">One line for people.</param>
/// <param name="Advice">What the reader should do.</param>
internal sealed record ProblemKind(int Status, string Code, string Title, string Advice)
{
    internal static readonly ProblemKind InvalidRequest = new(400, "invalid_request", "The request is not valid.", "Fix everything listed under `errors`; nothing was changed.");
    internal static readonly ProblemKind MalformedJson = new(400, "malformed_json", "The body is not JSON.", "Fix the syntax at the place named in `errors`.");
    internal static readonly ProblemKind BadRequest = new(400, "bad_request", "The request cannot be understood.", "Fix the request; the detail says what is wrong with it.");
    internal static readonly ProblemKind Unauthenticated = new(401, "unauthenticated", "The caller is not known.", "Send `Authorization: Bearer <key>` with a key that is not revoked.");
    internal static readonly ProblemKind Forbidden = new(403, "forbidden", "The caller may not do this.", "Use another key.");
    internal static readonly ProblemKind RouteNotFound = new(404, "route_not_found", "There is nothing at this path.", "Compare the path with `/openapi/v1.json`.");
    internal static readonly ProblemKind JobNotFound = new(404, "job_not_found", "There is no such job.", "Check the id.");
    internal static readonly ProblemKind TaskNotFound = new(404, "task_not_found", "The job has no such task.", "Check the name against `GET /v1/jobs/{id}`.");
    internal static readonly ProblemKind InstanceNotFound = new(404, "instance_not_found", "The task has no such instance.", "Check the index: 0 to the task's count - 1.");
    internal static readonly ProblemKind OutputNotFound = new(404, "output_not_found", "There is no output.", "The instance has not had this attempt yet; with `follow=true` the first one is waited for.");
    internal static readonly ProblemKind EnvironmentNotFound = new(404, "environment_not_found", "There is no such environment.", "Check the id.");
    internal static readonly ProblemKind NodeNotFound = new(404, "node_not_found", "There is no such node.", "Check the id.");
    internal static readonly ProblemKind JoinTokenNotFound = new(404, "join_token_not_found", "The environment has no such join token.", "Check the id.");
    internal static readonly ProblemKind TaskTemplateNotFound = new(404, "task_template_not_found", "There is no such task template.", "Check the id or name.");
    internal static readonly ProblemKind TopicNotFound = new(404, "topic_not_found", "There is no such topic.", "Make it with `POST /v1/topics`.");
    internal static readonly ProblemKind SubscriptionNotFound = new(404, "subscription_not_found", "The topic has no such subscription.", "Check the id.");
    internal static readonly ProblemKind EventNotFound = new(404, "event_not_found", "There is no such event.", "Check the id, `<job, environment or subscription>:<sequence>`; events are kept for `Journal.RetentionDays`.");
    internal static readonly ProblemKind ExecutionNotFound = new(404, "execution_not_found", "There is no such execution.", "Check the id, `<job>/<number of the task>/<index>/<attempt>`; those that ended are kept for `Journal.RetentionDays`.");
    internal static readonly ProblemKind RedeliveryNotFound = new(404, "redelivery_not_found", "There is no such redelivery.", "Check the id; those that ended are kept for `Journal.RetentionDays`.");
    internal static readonly ProblemKind ListenerNotFound = new(404, "listener_not_found", "There is no such listener.", "Check the name against `GET /v1/listeners`.");
    internal static readonly ProblemKind MethodNotAllowed = new(405, "method_not_allowed", "The path does not know this method.", "Use a method named in the `Allow` header.");
    internal static readonly ProblemKind RequestTimeout = new(408, "request_timeout", "The body did not arrive in time.", "Send it again.");
    internal static readonly ProblemKind EnvironmentExists = new(409, "environment_exists", "There is an environment of this name.", "Use it, or choose another name.");
    internal static readonly ProblemKind EnvironmentState = new(409, "environment_state", "The state of the environment does not allow this.", "The detail names the state and what it allows.");
    internal static readonly ProblemKind TaskTemplateExists = new(409, "task_template_exists", "There is a task template of this name.", "Change it, or choose another name.");
    internal static readonly ProblemKind TaskTemplatesFull = new(409, "task_templates_full", "There are as many task templates as the server allows.", "Delete one, or raise `JobLimits:MaxTaskTemplates`.");
    internal static readonly ProblemKind TopicExists = new(409, "topic_exists", "There is a topic of this name, perhaps in another case.", "Use it, or choose another name.");
    internal static readonly ProblemKind TopicsFull = new(409, "topics_full", "There are as many topics as the server allows.", "Delete one, or raise `Notifications:MaxTopics`.");
    internal static readonly ProblemKind SubscriptionExists = new(409, "subscription_exists", "The topic has this subscription already.", "Use it.");
    internal static readonly ProblemKind SubscriptionsFull = new(409, "subscriptions_full", "The topic has as many subscriptions as the server allows.", "Delete one, or raise `SubscriptionLimits:MaxPerTopic`.");
    internal static readonly ProblemKind SecretSuperseded = new(409, "secret_superseded", "The secret that this idempotency key made is not in use any more.", "Use the secret that was made last, or a new key to make another.");
    internal static readonly ProblemKind TopicConflict = new(409, "topic_conflict", "RabbitMQ has an exchange of this name that is none of a topic.", "Choose another name, or remove the exchange; nothing was stored.");
    internal static readonly ProblemKind QueueConflict = new(409, "queue_conflict", "RabbitMQ does not let this queue be bound.", "The detail says why; nothing was stored.");
    internal static readonly ProblemKind RedeliveriesFull = new(409, "redeliveries_full", "As many redeliveries are open as the server allows.", "Wait for one to end or cancel one; the limit is `Dispatch.MaxRedeliveries`.");
    internal static readonly ProblemKind Fenced = new(409, AgentRoutes.FencedCode, "The node was given up.", "For agents: end what runs, forget it and join again.");
    internal static readonly ProblemKind AttemptNotHeld = new(409, "attempt_not_held", "The node does not hold this attempt.", "For agents: forget the attempt.");
    internal static readonly ProblemKind JobNotEnded = new(409, "job_not_ended", "The job has not ended.", "Only a job in SUCCEED or FAILED can be deleted; end it first. The detail names its state.");
    internal static readonly ProblemKind JobEnded = new(409, "job_ended", "The job has ended.", "Nothing of it changes any more; the detail names its state.");
    internal static readonly ProblemKind JobNotFailed = new(409, "job_not_failed", "The job has not failed.", "Only a job in FAILED or FAILED_INTERRUPTED can be retried; the detail names its state.");
    internal static readonly ProblemKind NothingToRetry = new(409, "nothing_to_retry", "Nothing that was named failed and can be tried again.", "Name failed instances, and with them what they wait for.");
    internal static readonly ProblemKind ListenerRuns = new(409, "listener_runs", "A server runs this listener.", "Only one that no server runs can be forgotten: take it out of `Listeners.Directory` and start the servers again.");
    internal static readonly ProblemKind OutputGone = new(410, "output_gone", "The output is not kept any more.", "Keep outputs longer with `Outputs.KeepFor`, or have them stored elsewhere with `redirect_info`.");
    internal static readonly ProblemKind EventsGone = new(410, "events_gone", "The journal cannot be read from this cursor.", "What is missing is lost to this reader: read the present state of what matters, then go on at `oldest_cursor`: events are kept for `Journal.RetentionDays`. With `newest_cursor` instead, the journal has not come as far as the cursor: it is another one, or an older one that was restored.");
    internal static readonly ProblemKind BodyTooLarge = new(413, "body_too_large", "The body is too large.", "Send less; the detail names the limit.");
    internal static readonly ProblemKind UnsupportedMediaType = new(415, "unsupported_media_type", "The body has the wrong content type.", "Send JSON with `Content-Type: application/json`.");
    internal static readonly ProblemKind IdempotencyKeyReused = new(422, "idempotency_key_reused", "The idempotency key belongs to another request.", "Use a new key for a new request, or send the first body unchanged.");
    internal static readonly ProblemKind Internal = new(500, "internal", "Something went wrong here.", "Our bug: report the trace id from the detail. Whether anything changed is unknown; repeat with the same `Idempotency-Key`.");
    internal static readonly ProblemKind Unavailable = new(503, "unavailable", "The server cannot reach its database.", "Try again later, with the same `Idempotency-Key`.");
    internal static readonly ProblemKind OutputStorage = new(503, AgentRoutes.OutputStorageCode, "The storage of outputs does not answer.", "Try later; the server's log has the reason.");
    internal static readonly ProblemKind TooManyFollowers = new(503, "too_many_followers", "As many outputs are followed as the server allows.", "Try later, or read without `follow`; the limit is `Outputs.MaxFollowers`.");
    internal static readonly ProblemKind TooManyStreams = new(503, "too_many_streams", "As many streams of events are open as the server allows.", "Try later, or list events; the limit is `Events.MaxStreams`.");
    internal static readonly ProblemKind BrokerUnavailable = new(503, "broker_unavailable", "RabbitMQ cannot be reached.", "Try again later; `/health/ready` says how it is.");
    internal static readonly ProblemKind ProviderUnavailable = new(503, "provider_unavailable", "What makes the nodes of the environment cannot be asked.", "Try again later, with the same `Idempotency-Key`; the detail says what happened.");

    /// <summary>All kinds, by status.</summary>
    internal static readonly ImmutableArray<ProblemKind> All =
    [
        InvalidRequest, MalformedJson, BadRequest,
        Unauthenticated,
        Forbidden,
        RouteNotFound, JobNotFound, TaskNotFound, InstanceNotFound, OutputNotFound, EnvironmentNotFound, NodeNotFound, JoinTokenNotFound, TaskTemplateNotFound, TopicNotFound, SubscriptionNotFound, EventNotFound, ExecutionNotFound, RedeliveryNotFound, ListenerNotFound,
        MethodNotAllowed,
        RequestTimeout,
        EnvironmentExists, EnvironmentState, TaskTemplateExists, TaskTemplatesFull, TopicExists, TopicsFull, SubscriptionExists, SubscriptionsFull, SecretSuperseded, TopicConflict, QueueConflict, RedeliveriesFull, Fenced, AttemptNotHeld, JobNotEnded, JobEnded, JobNotFailed, NothingToRetry, ListenerRuns,
        OutputGone, EventsGone,
        BodyTooLarge,
        UnsupportedMediaType,
        IdempotencyKeyReused,
        Internal,
        Unavailable, OutputStorage, TooManyFollowers, TooManyStreams, BrokerUnavailable, ProviderUnavailable,
    ];

    /// <summary>The kind for a status that was set without a body.</summary>
    internal static ProblemKind OfStatus(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => Unauthenticated,
        StatusCodes.Status403Forbidden => Forbidden,
        StatusCodes.Status404NotFound => RouteNotFound,
        StatusCodes.Status405MethodNotAllowed => MethodNotAllowed,
        StatusCodes.Status408RequestTimeout => RequestTimeout,
        StatusCodes.Status413PayloadTooLarge => BodyTooLarge,
        StatusCodes.Status415UnsupportedMediaType => UnsupportedMediaType,
        >= 500 => Internal with { Status = status },
        _ => BadRequest with { Status = status },
    };
}
