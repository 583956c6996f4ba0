using System.Text.Json;

namespace BatchPlane.Contracts;

/// <summary>How much progress an attempt may post: the server's options of section <c>Progress</c>, as an agent is told them.</summary>
public sealed record ProgressTerms
{
    /// <summary>Shortest time between two progress reports of an attempt, in milliseconds.</summary>
    public int IntervalMs { get; init; } = 1_000;

    /// <summary>Bytes of a line; a longer one is bad.</summary>
    public int MaxLineBytes { get; init; } = 16_384;

    /// <summary>Bytes of a message, in UTF-8; a longer one loses its end.</summary>
    public int MaxMessageBytes { get; init; } = 1_024;

    /// <summary>Bytes of a custom event's data, as JSON; an event with more is a bad line.</summary>
    public int MaxEventDataBytes { get; init; } = 8_192;

    /// <summary>Custom events of an attempt that are taken per second in the long run; the others are dropped and counted.</summary>
    public double EventsPerSecond { get; init; } = 10;

    /// <summary>Custom events of an attempt that are taken at once, and those of one report.</summary>
    public int EventBurst { get; init; } = 100;

    /// <summary>Custom events of an attempt that are taken altogether.</summary>
    public int MaxEventsPerAttempt { get; init; } = 1_000;
}

/// <summary>What the command of an attempt posted. Values are the latest ones, events those that no earlier report had.</summary>
public sealed record AttemptProgress
{
    /// <summary>Number of this report of progress within the attempt, from 1: a repeated one is known by it.</summary>
    public required int Number { get; init; }

    /// <summary>0 to 100; null: never posted.</summary>
    public double? Percent { get; init; }

    /// <summary>In words; null: never posted.</summary>
    public string? Message { get; init; }

    /// <summary>Milliseconds from the last posting of <see cref="Percent"/> or <see cref="Message"/> to the sending of this report; null when neither was.</summary>
    public long? PostedMsAgo { get; init; }

    /// <summary>Custom events in the order of posting.</summary>
    public IReadOnlyList<PostedEvent> Events { get; init; } = [];

    /// <summary>Custom events that were dropped since the last report because they came too fast, or were too many.</summary>
    public long DroppedEvents { get; init; }

    /// <summary>Lines since the last report that could not be understood.</summary>
    public long BadLines { get; init; }

    /// <summary>What was wrong with the last of them; null: there was none.</summary>
    public string? Problem { get; init; }
}

/// <summary>A custom event.</summary>
/// <param name="Name">As <see cref="ProgressRules.IsEventName"/> wants it.</param>
/// <param name="Data">Any JSON that <see cref="ProgressRules.IsStorable"/>; null: none.</param>
public sealed record PostedEvent(string Name, JsonElement? Data = null);
