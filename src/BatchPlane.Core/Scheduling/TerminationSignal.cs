using BatchPlane.Core.Signals;

namespace BatchPlane.Core.Scheduling;

/// <summary>Rings after a commit that asks for the end of attempts that nodes hold: waiting agents are told at once.</summary>
public sealed class TerminationSignal : Signal;
