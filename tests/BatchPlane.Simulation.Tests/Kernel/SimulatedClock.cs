namespace BatchPlane.Simulation.Tests.Kernel;

/// <summary>The only clock of a world: stands still within a step.</summary>
internal sealed class SimulatedClock : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    internal long Milliseconds { get; set; }

    internal DateTimeOffset Now => Start.AddMilliseconds(Milliseconds);

    public override long TimestampFrequency => 1_000;

    public override DateTimeOffset GetUtcNow() => Now;

    public override long GetTimestamp() => Milliseconds;
}
