using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Xml;
using BatchPlane.Core.Subscriptions;

namespace BatchPlane.Server.Deliveries.Webhooks;

/// <summary>What CMQ and MNS put around a message that they push.</summary>
internal static class PushBodies
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly XmlWriterSettings Xml = new() { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false) };

    /// <summary>CMQ's format JSON: six members, in the order of its documentation.</summary>
    internal static byte[] Cmq(ServedSubscription subscription, Incoming incoming, ReadOnlySpan<byte> body, long owner)
    {
        var text = Encoding.UTF8.GetString(body);
        return Write(writer =>
        {
            writer.WriteNumber("TopicOwner", owner);
            writer.WriteString("topicName", incoming.TopicName);
            writer.WriteString("subscriptionName", subscription.View.SubscriptionName ?? subscription.View.SubscriptionId);
            writer.WriteString("msgId", incoming.EventId);
            writer.WriteString("msgBody", text);
            writer.WriteNumber("publishTime", incoming.OccurredAt.ToUnixTimeSeconds());
        });
    }

    /// <summary>MNS's format JSON: nine members, all texts.</summary>
    internal static byte[] MnsJson(ServedSubscription subscription, Incoming incoming, ReadOnlySpan<byte> body, long owner)
    {
        var members = MnsMembers(subscription, incoming, body, owner);
        return Write(writer =>
        {
            foreach (var (name, value) in members)
            {
                writer.WriteString(name, value);
            }
        });
    }

    /// <summary>MNS's format XML: the same nine members.</summary>
    internal static byte[] MnsXml(ServedSubscription subscription, Incoming incoming, ReadOnlySpan<byte> body, long owner)
    {
        using var buffer = new MemoryStream();
        using (var writer = XmlWriter.Create(buffer, Xml))
        {
            writer.WriteStartElement("Notification");
            foreach (var (name, value) in MnsMembers(subscription, incoming, body, owner))
            {
                writer.WriteElementString(name, value);
            }

            writer.WriteEndElement();
        }

        return buffer.ToArray();
    }

    private static (string Name, string Value)[] MnsMembers(ServedSubscription subscription, Incoming incoming, ReadOnlySpan<byte> body, long owner)
    {
        var account = owner.ToString(CultureInfo.InvariantCulture);

        // The protocol's checksum, no secret's.
#pragma warning disable CA5351
        var checksum = Convert.ToHexString(MD5.HashData(body));
#pragma warning restore CA5351
        return
        [
            ("TopicOwner", account),
            ("TopicName", incoming.TopicName),
            ("Subscriber", account),
            ("SubscriptionName", subscription.View.SubscriptionName ?? subscription.View.SubscriptionId),
            ("MessageId", incoming.EventId),
            ("Message", Encoding.UTF8.GetString(body)),
            ("MessageMD5", checksum),
            ("MessageTag", ""),
            ("PublishTime", incoming.OccurredAt.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)),
        ];
    }

    private static byte[] Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Json))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
