using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Server.Events;

/// <summary>Live events, <c>GET /v1/events/stream</c>. Section <c>Events</c>.</summary>
public sealed class EventsOptions
{
    /// <summary>Streams that a server keeps open, at most. 1 to 100,000; default 500.</summary>
    [Range(1, 100_000)]
    public int MaxStreams { get; set; } = 500;

    /// <summary>How often the journal is looked at for all streams of a server together. 10 ms to 1 minute; default 250 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan LookInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Journal rows read at once for all streams. 1 to 10,000; default 500.</summary>
    [Range(1, 10_000)]
    public int BatchRows { get; set; } = 500;

    /// <summary>Batches that may wait for a reader, at most; one that is slower is cut off and goes on later where it was. 1 to 1,000; default 20.</summary>
    [Range(1, 1_000)]
    public int BufferedBatches { get; set; } = 20;

    /// <summary>How long a reader may take nothing before it is cut off. 100 ms to 10 minutes; default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a stream without events says that it lives. 100 ms to 10 minutes; default 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);
}
