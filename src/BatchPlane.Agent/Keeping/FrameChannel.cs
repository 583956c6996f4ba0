using System.Buffers.Binary;
using System.Net.Sockets;

namespace BatchPlane.Agent.Keeping;

/// <summary>
/// Frames over a stream socket. Any thread may send: what is sent while another thread is at it goes with the next piece, so that many small
/// frames are few system calls. One thread reads.
/// </summary>
internal sealed class FrameChannel(Socket socket) : IDisposable
{
    /// <summary>Bytes of a frame: a command line with its environment has at most 2 MiB on Linux, twice that with what is noted of it.</summary>
    private const int MaxFrameBytes = 16 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly byte[] _received = new byte[64 * 1024];
    private byte[] _pending = new byte[16 * 1024];
    private byte[] _spare = new byte[16 * 1024];
    private int _pendingBytes;
    private bool _isSending;
    private bool _isBroken;
    private int _from;
    private int _to;

    /// <summary>Sends a frame, or does nothing when the other side is gone: the reader notices.</summary>
    internal void Send(FrameWriter frame)
    {
        lock (_gate)
        {
            if (_isBroken)
            {
                return;
            }

            Append(frame.End());
            if (_isSending)
            {
                return;
            }

            _isSending = true;
        }

        SendPending();
    }

    /// <summary>The next frame; false when the other side is gone.</summary>
    /// <exception cref="InvalidDataException">What comes is no frame.</exception>
    internal bool TryRead(out byte type, out FrameReader content)
    {
        Span<byte> header = stackalloc byte[FrameWriter.HeaderBytes];
        (type, content) = (0, null!);
        if (!Fill(header))
        {
            return false;
        }

        var size = BinaryPrimitives.ReadInt32LittleEndian(header) - 1;
        if (size is < 0 or > MaxFrameBytes)
        {
            throw new InvalidDataException("The other side does not speak the keeper's protocol.");
        }

        type = header[^1];
        var bytes = new byte[size];
        content = new FrameReader(bytes);
        return Fill(bytes);
    }

    public void Dispose()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The other side was quicker, or this is not the first time.
        }

        socket.Dispose();
    }

    private void Append(ReadOnlySpan<byte> frame)
    {
        if (_pendingBytes + frame.Length > _pending.Length)
        {
            Array.Resize(ref _pending, Math.Max(_pending.Length * 2, _pendingBytes + frame.Length));
        }

        frame.CopyTo(_pending.AsSpan(_pendingBytes));
        _pendingBytes += frame.Length;
    }

    private void SendPending()
    {
        while (true)
        {
            int size;
            lock (_gate)
            {
                if (_pendingBytes == 0 || _isBroken)
                {
                    _isSending = false;
                    return;
                }

                (_pending, _spare) = (_spare, _pending);
                (size, _pendingBytes) = (_pendingBytes, 0);
            }

            try
            {
                for (var sent = 0; sent < size;)
                {
                    sent += socket.Send(_spare.AsSpan(sent, size - sent));
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                lock (_gate)
                {
                    _isBroken = true;
                }
            }
        }
    }

    private bool Fill(Span<byte> target)
    {
        while (target.Length > 0)
        {
            if (_from == _to && !Receive())
            {
                return false;
            }

            var part = _received.AsSpan(_from, Math.Min(target.Length, _to - _from));
            part.CopyTo(target);
            target = target[part.Length..];
            _from += part.Length;
        }

        return true;
    }

    private bool Receive()
    {
        try
        {
            (_from, _to) = (0, socket.Receive(_received));
            return _to > 0;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
