using System.Buffers.Binary;
using System.Text;
using BatchPlane.Agent.Sessions;

namespace BatchPlane.Agent.Keeping;

/// <summary>What an agent tells its keeper. A frame is its length after this (4 bytes, little endian), this as one byte, and the content.</summary>
internal enum ToKeeper : byte
{
    /// <summary>First frame of a connection: version. Answered by <see cref="FromKeeper.Welcome"/>, one <see cref="FromKeeper.Held"/> for each attempt, and <see cref="FromKeeper.Ready"/>.</summary>
    Hello = 1,

    /// <summary>Who the agent is from now on: seconds of the lease, and what the next agent needs to go on as the same.</summary>
    Session,

    /// <summary>Start a process: <see cref="SpawnOrder"/>. Answered by <see cref="FromKeeper.Started"/> or <see cref="FromKeeper.Failed"/>.</summary>
    Spawn,

    /// <summary>Signal an attempt: key, signal, why.</summary>
    Signal,

    /// <summary>How far the agent has told of an attempt, for the next agent: key, content.</summary>
    Bookmark,

    /// <summary>The end of an attempt is on record, or not wanted: key.</summary>
    Forget,

    /// <summary>Kill everything and end.</summary>
    Quit,
}

/// <summary>What a keeper tells its agent.</summary>
internal enum FromKeeper : byte
{
    /// <summary>Version, process id, how many processes of a dead keeper were killed, content of the last <see cref="ToKeeper.Session"/> (may be empty).</summary>
    Welcome = 1,

    /// <summary>An attempt that runs or has ended and is not forgotten: <see cref="HeldAttempt"/>.</summary>
    Held,

    /// <summary>Everything held was told.</summary>
    Ready,

    /// <summary>A process was started: key.</summary>
    Started,

    /// <summary>A process could not be started: key, why.</summary>
    Failed,

    /// <summary>An attempt ended: key, <see cref="KeptEnd"/>.</summary>
    Ended,
}

/// <summary>Writes the content of one frame.</summary>
internal sealed class FrameWriter
{
    internal const int HeaderBytes = 5;

    private byte[] _buffer;
    private int _length = HeaderBytes;

    private FrameWriter(byte type, int size)
    {
        _buffer = new byte[Math.Max(size, 64) + HeaderBytes];
        _buffer[HeaderBytes - 1] = type;
    }

    internal static FrameWriter Of(ToKeeper type, int size = 0) => new((byte)type, size);

    internal static FrameWriter Of(FromKeeper type, int size = 0) => new((byte)type, size);

    internal FrameWriter Add(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(Room(sizeof(int)), value);
        return this;
    }

    internal FrameWriter Add(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Room(sizeof(long)), value);
        return this;
    }

    internal FrameWriter Add(AttemptKey key) => Add(key.TaskId).Add(key.Index).Add(key.Number);

    internal FrameWriter Add(ReadOnlySpan<byte> bytes)
    {
        Add(bytes.Length);
        bytes.CopyTo(Room(bytes.Length));
        return this;
    }

    internal FrameWriter Add(string text)
    {
        var size = Encoding.UTF8.GetByteCount(text);
        Add(size);
        Encoding.UTF8.GetBytes(text, Room(size));
        return this;
    }

    /// <summary>Strings as C has them, with a zero behind each: their number, the bytes of all, the strings.</summary>
    internal FrameWriter AddStrings(IReadOnlyList<string> texts)
    {
        Add(texts.Count);
        var sizeAt = _length;
        Add(0);
        var start = _length;
        foreach (var text in texts)
        {
            var size = Encoding.UTF8.GetByteCount(text);
            var room = Room(size + 1);
            Encoding.UTF8.GetBytes(text, room);
            room[size] = 0;
        }

        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(sizeAt), _length - start);
        return this;
    }

    /// <summary>The frame, header included. Nothing may be added after this.</summary>
    internal ReadOnlySpan<byte> End()
    {
        BinaryPrimitives.WriteInt32LittleEndian(_buffer, _length - sizeof(int));
        return _buffer.AsSpan(0, _length);
    }

    private Span<byte> Room(int size)
    {
        if (_length + size > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + size));
        }

        var room = _buffer.AsSpan(_length, size);
        _length += size;
        return room;
    }
}

/// <summary>Reads the content of one frame, in the order in which it was written.</summary>
/// <exception cref="InvalidDataException">Thrown by all of it when the frame is too short.</exception>
internal sealed class FrameReader(byte[] content)
{
    private int _at;

    internal byte[] Content => content;

    internal int Int() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

    internal long Long() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)));

    internal AttemptKey Key() => new(Long(), Int(), Int());

    internal byte[] Bytes() => Take(Int()).ToArray();

    internal string Text() => Encoding.UTF8.GetString(Take(Int()));

    /// <summary>Where the strings of <see cref="FrameWriter.AddStrings"/> begin in <see cref="Content"/>.</summary>
    internal StringBlock Strings()
    {
        var block = new StringBlock(Int(), Int(), _at);
        Take(block.Bytes);
        return block;
    }

    private ReadOnlySpan<byte> Take(int size)
    {
        if (size < 0 || size > content.Length - _at)
        {
            throw new InvalidDataException("A frame of the keeper's protocol is too short.");
        }

        var part = content.AsSpan(_at, size);
        _at += size;
        return part;
    }
}

/// <summary>Zero-terminated strings within a frame.</summary>
/// <param name="Count">How many.</param>
/// <param name="Bytes">Bytes of all, zeros included.</param>
/// <param name="Start">Where the first begins.</param>
internal readonly record struct StringBlock(int Count, int Bytes, int Start);
