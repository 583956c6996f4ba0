using BatchPlane.Core.Messages;

namespace BatchPlane.Server.Dispatch;

/// <summary>One message for one topic, ready to be sent.</summary>
/// <param name="Topic">Exchange.</param>
/// <param name="Id">What the broker's answer will be about.</param>
/// <param name="Properties">What travels beside the body.</param>
/// <param name="Body">Bytes, valid until the send returns.</param>
internal readonly record struct OutboundMessage(
    string Topic,
    SentMessage Id,
    MessageProperties Properties,
    ReadOnlyMemory<byte> Body)
{
    /// <summary>False: it need not get into a queue there.</summary>
    internal bool IsMandatory { get; init; } = true;
}
