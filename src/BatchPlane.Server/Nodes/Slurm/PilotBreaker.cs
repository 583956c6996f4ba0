using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Nodes.Slurm;

/// <summary>
/// Keeps an environment from asking again and again for what does not work: after some failures one after the other it pauses, twice as long each time until
/// something works. Pure; kept in the environment's <c>provider_state</c>.
/// </summary>
internal sealed record PilotBreaker
{
    private const int MaxDoublings = 20;

    /// <summary>Pilots that ended before their agents reported in, since one did or since the last pause.</summary>
    public int FailedStarts { get; init; }

    /// <summary>Submissions that were refused, since one was taken or since the last pause.</summary>
    public int FailedSubmits { get; init; }

    /// <summary>Pauses since something worked.</summary>
    public int Pauses { get; init; }

    /// <summary>End of the last pause.</summary>
    public DateTimeOffset? PausedUntil { get; init; }

    /// <summary>Time of the last failure.</summary>
    public DateTimeOffset? FailedAt { get; init; }

    /// <summary>What went wrong last, in words; null: nothing since something worked.</summary>
    public string? Trouble { get; init; }

    /// <summary>The state in <paramref name="json"/>.</summary>
    internal static PilotBreaker Read(string json) => JsonSerializer.Deserialize<PilotBreaker>(json, BatchPlaneJson.Options)!;

    /// <summary>The state as JSON; <c>{}</c> when nothing is wrong.</summary>
    internal string Write() => this == new PilotBreaker() ? "{}" : JsonSerializer.Serialize(this, BatchPlaneJson.Options);

    /// <summary>True while nothing may be submitted.</summary>
    internal bool IsPaused(DateTimeOffset now) => PausedUntil > now;

    /// <summary>Pilots ended before their agents reported in; however many at once, it is one failure.</summary>
    internal PilotBreaker StartFailed(string words, DateTimeOffset now, SlurmOptions options) =>
        Failed(this with { FailedStarts = FailedStarts + 1 }, words, now, options);

    /// <summary>Slurm refused a submission.</summary>
    internal PilotBreaker SubmitRefused(string words, DateTimeOffset now, SlurmOptions options) =>
        Failed(this with { FailedSubmits = FailedSubmits + 1 }, words, now, options);

    /// <summary>Slurm took a submission.</summary>
    internal PilotBreaker SubmitTaken() => FailedStarts == 0 ? new() : this with { FailedSubmits = 0 };

    /// <summary>Why the environment makes no nodes, for people; null: nothing is wrong.</summary>
    internal string? Reason(DateTimeOffset now) => (Trouble, IsPaused(now)) switch
    {
        (null, _) => null,
        (_, true) => $"paused until {PausedUntil:yyyy-MM-dd'T'HH:mm:ss'Z'}: {Trouble}",
        _ => Trouble,
    };

    private static PilotBreaker Failed(PilotBreaker state, string words, DateTimeOffset now, SlurmOptions options)
    {
        state = state with { FailedAt = now, Trouble = words };
        if (state.FailedStarts < options.FailedStartsBeforePause && state.FailedSubmits < options.FailedSubmitsBeforePause)
        {
            return state;
        }

        var seconds = Math.Min(options.MaxPauseSeconds, (double)options.PauseSeconds * (1L << Math.Min(state.Pauses, MaxDoublings)));
        return state with { FailedStarts = 0, FailedSubmits = 0, Pauses = state.Pauses + 1, PausedUntil = now.AddSeconds(seconds) };
    }
}
