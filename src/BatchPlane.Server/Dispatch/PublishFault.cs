namespace BatchPlane.Server.Dispatch;

/// <summary>Why a publish channel carries no more messages.</summary>
internal enum PublishFault
{
    /// <summary>It does.</summary>
    None,

    /// <summary>The broker refused a message (negative acknowledgement): a full queue, for example.</summary>
    Refused,

    /// <summary>The broker or the connection closed the channel: a missing exchange, a broker that stops.</summary>
    Closed,

    /// <summary>The broker confirmed nothing for too long.</summary>
    TimedOut,
}
