using System.Text.Json;

namespace BatchPlane.Bench.Soak;

/// <summary>What came out of one job.</summary>
/// <param name="Soak">Name of the soak.</param>
/// <param name="Control">The fault that was planted to see it found; null: none.</param>
/// <param name="Instances">Size of the job.</param>
/// <param name="Seconds">From the submit to its end.</param>
/// <param name="InstancesPerSecond">On average.</param>
/// <param name="CounterLooks">How often its counters were read through the API.</param>
/// <param name="EventsExpected">TASK and JOB events that must come.</param>
/// <param name="EventsReceived">Those that came, repetitions not counted.</param>
/// <param name="EventsRepeated">Repetitions.</param>
/// <param name="Invariants">How many queries of invariants were run.</param>
/// <param name="Violations">What is wrong, one sentence each.</param>
internal sealed record SoakVerdict(
    string Soak,
    string? Control,
    int Instances,
    double Seconds,
    double InstancesPerSecond,
    int CounterLooks,
    int EventsExpected,
    int EventsReceived,
    int EventsRepeated,
    int Invariants,
    IReadOnlyList<string> Violations)
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Without a planted fault: nothing is wrong. With one: it was seen.</summary>
    public bool Passed => (Control is null) == (Violations.Count == 0);

    internal string ToJson() => JsonSerializer.Serialize(this, Options);
}
