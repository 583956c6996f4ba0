using System.Globalization;
using BatchPlane.Agent.Executors;
using Microsoft.Win32.SafeHandles;

namespace BatchPlane.Agent.Progress;

/// <summary>Is handed what a look at a progress file found.</summary>
internal interface IProgressLines
{
    /// <summary>A line without its end.</summary>
    void Line(ReadOnlySpan<byte> line);

    /// <summary>Something that is no line to read, and why.</summary>
    void Bad(string problem);
}

/// <summary>
/// Reads the lines that a command appended to its progress file since the last look. The file need not be there, may be begun anew (<c>&gt;</c>
/// instead of <c>&gt;&gt;</c>) or replaced, and may hold anything: each look reads a bounded part and holds a bounded part in memory.
/// </summary>
internal sealed class ProgressTail(string path, int maxLineBytes)
{
    /// <summary>Bytes that a look reads; what was written before them is skipped.</summary>
    internal const int MaxBytesAtOnce = 1024 * 1024;

    // Enough to notice that the file was begun anew, although it is no shorter than before.
    private const int RememberedBytes = 64;

    private readonly byte[] _before = new byte[RememberedBytes];
    private int _beforeCount;
    private long _offset;
    private long _length = -1;
    private DateTime _changedAt;
    private bool _isSkipping;

    /// <summary>True once the file was there.</summary>
    internal bool IsFound { get; private set; }

    /// <summary>Bytes that are done with; may be set before the first look.</summary>
    internal long Offset
    {
        get => _offset;
        init => _offset = value;
    }

    /// <summary>Hands over what was written since the last look; with <paramref name="isLast"/>, also a line without an end.</summary>
    internal void Look(IProgressLines lines, bool isLast)
    {
        using var file = Open();
        if (file is null)
        {
            return;
        }

        IsFound = true;
        try
        {
            Read(file, lines, isLast);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            lines.Bad($"the progress file cannot be read: {e.Message}");
        }
    }

    // Not through a symbolic link, and without waiting for a writer should it be a pipe: the command decides what it puts there.
    private SafeFileHandle? Open()
    {
        var fd = Native.Open(path, Native.OpenProgress);
        return fd < 0 ? null : new SafeFileHandle(fd, ownsHandle: true);
    }

    private void Read(SafeFileHandle file, IProgressLines lines, bool isLast)
    {
        var length = RandomAccess.GetLength(file);
        var changedAt = File.GetLastWriteTimeUtc(file);
        if (length == _length && changedAt == _changedAt && !isLast)
        {
            return;
        }

        _length = length;
        _changedAt = changedAt;
        if (length < _offset || IsAnother(file))
        {
            _offset = 0;
            _isSkipping = false;
        }

        if (length - _offset > MaxBytesAtOnce)
        {
            lines.Bad(string.Create(CultureInfo.InvariantCulture, $"{length - _offset - MaxBytesAtOnce} bytes were skipped: too much at once"));
            _offset = length - MaxBytesAtOnce;
            _isSkipping = true;
        }

        var buffer = new byte[length - _offset];
        var read = RandomAccess.Read(file, buffer, _offset);
        var used = Split(buffer.AsSpan(0, read), lines, isLast);
        Remember(file, _offset + used);
    }

    /// <summary>Hands over whole lines; returns how many bytes are done with.</summary>
    private int Split(ReadOnlySpan<byte> bytes, IProgressLines lines, bool isLast)
    {
        var used = 0;
        while (bytes[used..].IndexOf((byte)'\n') is var end and >= 0)
        {
            Take(bytes.Slice(used, end), lines);
            used += end + 1;
        }

        var rest = bytes[used..];
        if (isLast && !rest.IsEmpty)
        {
            Take(rest, lines);
            return bytes.Length;
        }

        if (rest.Length <= maxLineBytes)
        {
            return used;
        }

        // No more of it needs to be read again.
        if (!_isSkipping)
        {
            TooLong(lines);
            _isSkipping = true;
        }

        return bytes.Length;
    }

    private void Take(ReadOnlySpan<byte> line, IProgressLines lines)
    {
        if (_isSkipping)
        {
            // The end of a line whose begin was not read, or is counted already.
            _isSkipping = false;
        }
        else if (line.Length > maxLineBytes)
        {
            TooLong(lines);
        }
        else
        {
            lines.Line(line);
        }
    }

    private void TooLong(IProgressLines lines) =>
        lines.Bad(string.Create(CultureInfo.InvariantCulture, $"a line has more than {maxLineBytes} bytes"));

    private bool IsAnother(SafeFileHandle file)
    {
        Span<byte> there = stackalloc byte[RememberedBytes];
        var read = RandomAccess.Read(file, there[.._beforeCount], _offset - _beforeCount);
        return !there[..read].SequenceEqual(_before.AsSpan(0, _beforeCount));
    }

    private void Remember(SafeFileHandle file, long offset)
    {
        _offset = offset;
        _beforeCount = (int)Math.Min(RememberedBytes, offset);
        _beforeCount = RandomAccess.Read(file, _before.AsSpan(0, _beforeCount), offset - _beforeCount);
    }
}
