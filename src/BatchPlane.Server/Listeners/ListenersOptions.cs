using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Server.Listeners;

/// <summary>Where a listener begins that the installation has not had before.</summary>
public enum ListenerStart
{
    /// <summary>Behind everything there is.</summary>
    Now,

    /// <summary>At the oldest event that is kept.</summary>
    Oldest,
}

/// <summary>Listeners: plug-ins that get what the journal tells. Options section <c>Listeners</c>.</summary>
public sealed class ListenersOptions
{
    /// <summary>Directory with a directory for each plug-in, in which lies a <c>.dll</c> of the same name. Null: there are none. Loaded once, at start.</summary>
    public string? Directory { get; set; }

    /// <summary>Most plug-ins that are loaded, in the order of their names, and most listeners, those built in among them. 1 to 100; default 20.</summary>
    [Range(1, 100)]
    public int MaxListeners { get; set; } = 20;

    /// <summary>Where one begins that the installation has not had before: Now or Oldest. Default Now.</summary>
    public ListenerStart StartAt { get; set; } = ListenerStart.Now;

    /// <summary>Of a job with <c>tracing: sampled</c>, one instance in so many is told of. 1 to 1,000,000; default 100.</summary>
    [Range(1, 1_000_000)]
    public int SampleEvery { get; set; } = 100;

    /// <summary>Most events of one call. 1 to 10,000; default 1,000.</summary>
    [Range(1, 10_000)]
    public int BatchEvents { get; set; } = 1_000;

    /// <summary>Rows of the journal that are read at once for a listener and held until they are told. 1 to 10,000; default 1,000.</summary>
    [Range(1, 10_000)]
    public int ReadRows { get; set; } = 1_000;

    /// <summary>How often it is looked for new events, and for listeners that no server runs. 10 ms to 1 minute; default 500 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan LookInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long the loading of the plug-ins, all at once, may take; the server starts without those that take longer. 100 ms to 10 minutes; default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan LoadTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a call may take; then it is cancelled. 100 ms to 1 hour; default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a cancelled call may take to return, before it is left alone. 10 ms to 1 minute; default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan CancelGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Pause after the first failure; each further one doubles it. 10 ms to 1 hour; default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan RetryMin { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest pause after a failure; a listener is tried again for as long as it fails. 10 ms to 1 day; default 5 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan RetryMax { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a server has a listener to itself without saying that it lives, which it does three times as often. 1 second to 10 minutes; default 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Rows of the journal that are counted to say how far a listener is behind. 100 to 1,000,000; default 10,000.</summary>
    [Range(100, 1_000_000)]
    public int LagRows { get; set; } = 10_000;
}
