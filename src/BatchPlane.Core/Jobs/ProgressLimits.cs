using System.ComponentModel.DataAnnotations;
using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

/// <summary>How much progress an attempt may post: agents are told when they join, and the server looks again. Options section <c>Progress</c>.</summary>
public sealed class ProgressLimits
{
    /// <summary>Default of <see cref="IntervalMs"/>.</summary>
    public const int DefaultIntervalMs = 1_000;

    /// <summary>Default of <see cref="MaxLineBytes"/>.</summary>
    public const int DefaultMaxLineBytes = 16_384;

    /// <summary>Default of <see cref="MaxMessageBytes"/>.</summary>
    public const int DefaultMaxMessageBytes = 1_024;

    /// <summary>Default of <see cref="MaxEventDataBytes"/>.</summary>
    public const int DefaultMaxEventDataBytes = 8_192;

    /// <summary>Default of <see cref="EventsPerSecond"/>.</summary>
    public const double DefaultEventsPerSecond = 10;

    /// <summary>Default of <see cref="EventBurst"/>.</summary>
    public const int DefaultEventBurst = 100;

    /// <summary>Default of <see cref="MaxEventsPerAttempt"/>.</summary>
    public const int DefaultMaxEventsPerAttempt = 1_000;

    /// <summary>Milliseconds between two progress reports of an attempt, at least; of what is posted meanwhile the last counts. 100 to 3,600,000; default 1,000.</summary>
    [Range(100, 3_600_000)]
    public int IntervalMs { get; set; } = DefaultIntervalMs;

    /// <summary>Bytes of a posted line; a longer one is bad. 256 to 65,536; default 16,384.</summary>
    [Range(256, 65_536)]
    public int MaxLineBytes { get; set; } = DefaultMaxLineBytes;

    /// <summary>Bytes of a message, in UTF-8; a longer one loses its end. 0 to 16,384; default 1,024.</summary>
    [Range(0, 16_384)]
    public int MaxMessageBytes { get; set; } = DefaultMaxMessageBytes;

    /// <summary>Bytes of a custom event's data, as JSON; more is a bad line. 0 to 32,768; default 8,192.</summary>
    [Range(0, 32_768)]
    public int MaxEventDataBytes { get; set; } = DefaultMaxEventDataBytes;

    /// <summary>Custom events of an attempt that are taken per second in the long run; the others are dropped and counted. 0 to 1,000; default 10.</summary>
    [Range(0.0, 1_000.0)]
    public double EventsPerSecond { get; set; } = DefaultEventsPerSecond;

    /// <summary>Custom events of an attempt that are taken at once. 0 to 1,000; default 100.</summary>
    [Range(0, 1_000)]
    public int EventBurst { get; set; } = DefaultEventBurst;

    /// <summary>Custom events of an attempt that are taken altogether; each is a row of the journal. 0 to 1,000,000; default 1,000.</summary>
    [Range(0, 1_000_000)]
    public int MaxEventsPerAttempt { get; set; } = DefaultMaxEventsPerAttempt;

    /// <summary>As agents are told them.</summary>
    public ProgressTerms ToTerms() => new()
    {
        IntervalMs = IntervalMs,
        MaxLineBytes = MaxLineBytes,
        MaxMessageBytes = MaxMessageBytes,
        MaxEventDataBytes = MaxEventDataBytes,
        EventsPerSecond = EventsPerSecond,
        EventBurst = EventBurst,
        MaxEventsPerAttempt = MaxEventsPerAttempt,
    };
}
