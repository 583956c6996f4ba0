using BatchPlane.Core.Signals;

namespace BatchPlane.Core.Scheduling;

/// <summary>Rings after a commit that asked for the end of a job: waiting agents are told at once.</summary>
public sealed class TerminationSignal : Signal;
