using BatchPlane.Core.Signals;

namespace BatchPlane.Core.Scheduling;

/// <summary>Rings after a commit that left instances to claim.</summary>
public sealed class WorkSignal : Signal;
