using BatchPlane.Core.Signals;

namespace BatchPlane.Core.Journal;

/// <summary>Rings after a commit that left something for the dispatcher of this process.</summary>
public sealed class OutboxSignal : Signal;
