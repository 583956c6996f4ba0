namespace BatchPlane.Contracts;

/// <summary>
/// Gets what the journal tells, for a store or a tool of its own: what a plug-in of the directory <c>Listeners.Directory</c> implements, in public classes with a
/// public constructor without parameters. A class that is <see cref="IAsyncDisposable"/> or <see cref="IDisposable"/> is disposed when the server stops.
/// </summary>
/// <remarks>
/// <para>
/// Order: the order of the journal; the events of one job, environment or subscription come in their sequence. One call at a time, on one of the servers that have the listener (when one of them has lost it without
/// knowing yet, another may begin a moment before it ends); calls are made on a thread of their own, so that one that blocks holds up nobody else.
/// </para>
/// <para>
/// At least once: a place in the journal is kept for each listener and moves when a call has returned. What a server died in, or what failed, is handed over again, with the
/// same <see cref="EventView.EventId"/>; whoever must not take an event twice remembers the ids.
/// </para>
/// <para>
/// A call that throws, or does not return within <c>Listeners.CallTimeout</c>, is repeated with growing pauses, at most <c>Listeners.RetryMax</c>, for as long as it fails. One that does not even return when its token
/// is cancelled, or whose callbacks of that token do not, is left alone and not called again by this process before it does.
/// </para>
/// <para>A listener shares the process of the server: an exception on a thread that it started itself ends the process. Servers of the role <c>listeners</c> alone keep that apart.</para>
/// </remarks>
public interface IEventListener
{
    /// <summary>Unique among the listeners of an installation, and the same for ever: its place goes by it. 1 to 40 of <c>a-z</c>, <c>0-9</c>, <c>-</c>, a letter first.</summary>
    string Name { get; }

    /// <summary>Called before the first batch in this process, and again until it returned once. What it throws counts as a failure.</summary>
    Task StartAsync(ListenerContext context, CancellationToken cancellationToken);

    /// <summary>Takes events. When it returns, they are taken for good; what it throws is the reason why they come again.</summary>
    Task HandleAsync(ListenerBatch batch, CancellationToken cancellationToken);
}

/// <summary>What a listener is started with.</summary>
/// <param name="Settings">Its own settings, keys in any case: <c>BATCHPLANE_LISTENERS__&lt;NAME&gt;__&lt;KEY&gt;</c> (with <c>_</c> for <c>-</c>), or <c>listeners</c>, its name, the key in the server's file. Deeper keys are joined by <c>:</c>.</param>
/// <param name="Log">Writes a line to the server's log, with the name of the listener; from any thread. Secrets do not belong there.</param>
/// <param name="Time">The clock to go by.</param>
public sealed record ListenerContext(IReadOnlyDictionary<string, string> Settings, Action<string> Log, TimeProvider Time);

/// <summary>Consecutive events that a listener has not confirmed yet.</summary>
/// <param name="Events">In the order of the journal, 1 to <c>Listeners.BatchEvents</c>.</param>
/// <param name="Gap">Not null: events between the last batch and this one will never come.</param>
public sealed record ListenerBatch(IReadOnlyList<ListenerEvent> Events, ListenerGap? Gap);

/// <summary>Events that a listener never gets: they are not kept any more, or a user had it go on behind them.</summary>
/// <param name="Reason">Which of the two, in words.</param>
public sealed record ListenerGap(string Reason);

/// <summary>An event of the journal, whether or not somebody asked for it on a topic.</summary>
public sealed record ListenerEvent
{
    /// <summary>The event, as in <c>GET /v1/events</c>.</summary>
    public required EventView Event { get; init; }

    /// <summary>The attempt that ended with it, begin and end; null when none did.</summary>
    public ExecutionView? Execution { get; init; }

    /// <summary>Number of the task in its job, from 0; null for events of other levels. Known after the job was removed, when the name is not.</summary>
    public int? TaskNo { get; init; }

    /// <summary>When the job, task or attempt began to run; null when it had not, and for other levels.</summary>
    public DateTimeOffset? RunningAt { get; init; }

    /// <summary>The job; null for events of environments, and when the job was removed meanwhile.</summary>
    public ListenerJob? Job { get; init; }
}

/// <summary>What a listener may want to know of a job besides; as it is when the event is read, not as it was.</summary>
/// <param name="JobName">As submitted.</param>
/// <param name="CreatedAt">When it was stored.</param>
/// <param name="RetriedAt">When its current life began; null in its first one.</param>
/// <param name="Traceparent">W3C trace context that its submit came with; null: with none.</param>
/// <param name="Tracing">How much of it listeners are told.</param>
public sealed record ListenerJob(string JobName, DateTimeOffset CreatedAt, DateTimeOffset? RetriedAt, string? Traceparent, TracingMode Tracing);
