using BatchPlane.Core.Signals;

namespace BatchPlane.Server.Nodes;

/// <summary>Rings after a node's epoch ended: attempts held under it are looked for at once.</summary>
internal sealed class NodeLossSignal : Signal;
