using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace BatchPlane.Agent.Outputs;

/// <summary>
/// How far one output of an attempt is at the server, and where in its file that is. The two differ once the command has truncated the file
/// (<c>&gt; /dev/stdout</c>): what is at the server stays, and the file goes on behind it, with a note between them.
/// </summary>
/// <remarks>A file that was truncated and has grown beyond the place is known by the bytes in front of that place.</remarks>
internal sealed class OutputCursor
{
    /// <summary>Bytes of a cursor in a bookmark.</summary>
    internal const int MarkBytes = sizeof(long) + sizeof(int);

    private const int RememberedBytes = 64;

    private byte[] _before = [];
    private volatile Origin _origin = new(0, 0);

    /// <summary>Bytes at the server.</summary>
    internal long Shipped { get; private set; }

    /// <summary>Place in the output of the file's first byte.</summary>
    internal long Base => _origin.Base;

    /// <summary>Bytes of the note in front of <see cref="Base"/>; 0: the file was never truncated.</summary>
    internal int NoteBytes => _origin.NoteBytes;

    /// <summary>True once there was more of it than the server keeps.</summary>
    internal bool IsOver { get; set; }

    /// <summary>True while nothing of it was shipped and the file is all of it.</summary>
    internal bool IsUntouched => Shipped == 0 && Base == 0;

    /// <summary>Looks whether the file, now <paramref name="length"/> bytes long, is still the one that was read. False: it was begun anew, and is shipped from its first byte on, behind a note of at most <paramref name="noteRoom"/> bytes.</summary>
    internal bool Holds(SafeFileHandle file, long length, long noteRoom)
    {
        var position = Shipped - Base;
        if (position <= 0 || (length >= position && IsAsBefore(file, position)))
        {
            return true;
        }

        var note = (int)Math.Max(0, noteRoom);
        _origin = new(Shipped + note, note);
        _before = [];
        return false;
    }

    /// <summary>A part of the note is at the server.</summary>
    internal void ShippedNote(int count) => Shipped += count;

    /// <summary>A piece of the file is at the server.</summary>
    internal void ShippedPiece(ReadOnlySpan<byte> piece)
    {
        Shipped += piece.Length;
        _before = piece.Length >= RememberedBytes
            ? piece[^RememberedBytes..].ToArray()
            : [.. _before.AsSpan(Math.Max(0, _before.Length + piece.Length - RememberedBytes)), .. piece];
    }

    /// <summary>Writes what the next agent has to know.</summary>
    internal void WriteMark(Span<byte> mark)
    {
        var origin = _origin;
        BinaryPrimitives.WriteInt64LittleEndian(mark, origin.Base);
        BinaryPrimitives.WriteInt32LittleEndian(mark[sizeof(long)..], origin.NoteBytes);
    }

    /// <summary>Goes on where an earlier agent was: the file, and the note in front of it, are shipped again.</summary>
    internal void ReadMark(ReadOnlySpan<byte> mark)
    {
        _origin = new(BinaryPrimitives.ReadInt64LittleEndian(mark), BinaryPrimitives.ReadInt32LittleEndian(mark[sizeof(long)..]));
        Shipped = Base - NoteBytes;
    }

    private bool IsAsBefore(SafeFileHandle file, long position)
    {
        Span<byte> there = stackalloc byte[RememberedBytes];
        var read = RandomAccess.Read(file, there[.._before.Length], position - _before.Length);
        return there[..read].SequenceEqual(_before);
    }

    private sealed record Origin(long Base, int NoteBytes);
}
