using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BatchPlane.Server.Tencent.Fields;

/// <summary>
/// Fields as bytes that are the same however a client wrote them: members by name, and without empty lists and records, which queries and forms cannot say. To be hashed, not to be read.
/// </summary>
internal static class CanonicalJson
{
    /// <summary>The bytes.</summary>
    internal static ReadOnlySpan<byte> Of(JsonObject fields)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, fields);
        }

        return buffer.WrittenSpan;
    }

    private static bool IsEmpty(JsonNode? node) => node switch
    {
        null => true,
        JsonArray items => items.Count == 0,
        JsonObject members => members.All(member => IsEmpty(member.Value)),
        _ => false,
    };

    private static void Write(Utf8JsonWriter writer, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                writer.WriteStartObject();
                foreach (var (name, value) in members.Where(member => !IsEmpty(member.Value)).OrderBy(member => member.Key, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(name);
                    Write(writer, value);
                }

                writer.WriteEndObject();
                break;
            case JsonArray items:
                writer.WriteStartArray();
                foreach (var item in items)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case null:
                writer.WriteNullValue();
                break;
            default:
                node.WriteTo(writer);
                break;
        }
    }
}
