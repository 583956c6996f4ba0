using System.Runtime.InteropServices;
using System.Text;

namespace BatchPlane.Agent.Executors;

/// <summary>C strings and null-terminated arrays of them for one call, in one block of native memory.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private readonly byte* _block;
    private readonly int _size;
    private int _used;

    /// <param name="capacity">Bytes for all strings (see <see cref="SizeOf(string)"/>) and arrays (see <see cref="SizeOf(int)"/>).</param>
    internal NativeStrings(int capacity)
    {
        _size = capacity;
        _block = (byte*)NativeMemory.Alloc((nuint)capacity);
    }

    /// <summary>Bytes that <paramref name="text"/> takes at most.</summary>
    internal static int SizeOf(string text) => Encoding.UTF8.GetMaxByteCount(text.Length) + 1;

    /// <summary>Bytes that an array of <paramref name="count"/> strings takes, its terminator and alignment included.</summary>
    internal static int SizeOf(int count) => (count + 2) * sizeof(nint);

    internal byte* Add(string text)
    {
        var start = _block + _used;
        var length = Encoding.UTF8.GetBytes(text, new Span<byte>(start, _size - _used - 1));
        start[length] = 0;
        _used += length + 1;
        return start;
    }

    /// <summary>Room for an array of <paramref name="count"/> pointers and its terminator, which is set.</summary>
    internal byte** AddArray(int count)
    {
        _used = (_used + sizeof(nint) - 1) & ~(sizeof(nint) - 1);
        var start = (byte**)(_block + _used);
        start[count] = null;
        _used += (count + 1) * sizeof(nint);
        return start;
    }

    public void Dispose() => NativeMemory.Free(_block);
}
