using System.Buffers.Binary;
using System.Text;

namespace BatchPlane.Server.Tests.Tracing;

/// <summary>A message of protocol buffers, read without its description: fields by number.</summary>
internal sealed class ProtoMessage
{
    private readonly List<(int Number, ulong Value, byte[]? Bytes)> _fields = [];

    internal ProtoMessage(byte[] bytes)
    {
        var rest = bytes.AsSpan();
        while (rest.Length > 0)
        {
            var tag = Varint(ref rest);
            var number = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    _fields.Add((number, Varint(ref rest), null));
                    break;
                case 1:
                    _fields.Add((number, BinaryPrimitives.ReadUInt64LittleEndian(rest), null));
                    rest = rest[8..];
                    break;
                case 2:
                    var length = (int)Varint(ref rest);
                    _fields.Add((number, 0, rest[..length].ToArray()));
                    rest = rest[length..];
                    break;
                case 5:
                    _fields.Add((number, BinaryPrimitives.ReadUInt32LittleEndian(rest), null));
                    rest = rest[4..];
                    break;
                default:
                    throw new FormatException($"wire type {tag & 7}");
            }
        }
    }

    internal IEnumerable<ProtoMessage> All(int number) => _fields.Where(field => field.Number == number).Select(field => new ProtoMessage(field.Bytes!));

    internal string Text(int number) => Encoding.UTF8.GetString(Bytes(number));

    internal string Hex(int number) => Convert.ToHexStringLower(Bytes(number));

    internal ulong Number(int number) => _fields.LastOrDefault(field => field.Number == number).Value;

    internal bool Has(int number) => _fields.Exists(field => field.Number == number);

    private byte[] Bytes(int number) => _fields.LastOrDefault(field => field.Number == number).Bytes ?? [];

    private static ulong Varint(ref Span<byte> rest)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var part = rest[0];
            rest = rest[1..];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }
}
