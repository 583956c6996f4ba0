namespace BatchPlane.Server.Health;

/// <summary>What the dispatcher last saw of RabbitMQ. Written by the dispatcher, read by the readiness check.</summary>
internal sealed class BrokerStatus
{
    private volatile string? _reason = "not connected yet";

    /// <summary>Why the broker cannot be reached; null when it can.</summary>
    internal string? Reason => _reason;

    /// <summary>The connection is open.</summary>
    internal void Connected() => _reason = null;

    /// <summary>The connection is lost or could not be made.</summary>
    internal void Lost(string reason) => _reason = reason;
}
