using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace BatchPlane.Server.Tests.Dispatch;

/// <summary>A way to a server that can be shut: connections through it break, new ones are refused, until it is opened again.</summary>
internal sealed class TcpGate : IAsyncDisposable
{
    private readonly string _host;
    private readonly int _port;
    private readonly ConcurrentDictionary<Socket, byte> _sockets = [];
    private volatile TaskCompletionSource _flow = Flowing();
    private TcpListener _listener;
    private Task _accepting;

    internal TcpGate(string host, int port)
    {
        _host = host;
        _port = port;
        _listener = new(IPAddress.Loopback, 0);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync(_listener);
    }

    internal int Port { get; }

    internal async Task ShutAsync()
    {
        _listener.Stop();
        await _accepting;
        foreach (var socket in _sockets.Keys)
        {
            socket.Close(0);
        }
    }

    /// <summary>From now on nothing more is taken from the near side: what it sends fills its socket, until the gate is shut.</summary>
    internal void Clog() => _flow = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Returns when the clogged gate takes no byte more: whoever sends to it waits now.</summary>
    internal async Task WhenFullAsync()
    {
        const int Looks = 5;
        var (before, equal) = (0, 0);
        await Until.ReachedAsync(
            () =>
            {
                var unread = _sockets.Keys.Sum(socket => socket.Available);
                equal = unread > 0 && unread == before ? equal + 1 : 0;
                before = unread;
                return Task.FromResult(equal);
            },
            looks => looks == Looks,
            _ => $"{before} bytes wait, and more come");
    }

    internal void Open()
    {
        _flow.TrySetResult();
        _listener = new(IPAddress.Loopback, Port);
        _listener.Start();
        _accepting = AcceptAsync(_listener);
    }

    public async ValueTask DisposeAsync() => await ShutAsync();

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                var near = await listener.AcceptSocketAsync();
                _ = CarryAsync(near);
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Shut.
        }
    }

    private async Task CarryAsync(Socket near)
    {
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.NoDelay = true;
        _sockets[near] = 0;
        _sockets[far] = 0;
        try
        {
            await far.ConnectAsync(_host, _port);
            await Task.WhenAny(CopyAsync(near, far, () => _flow.Task), CopyAsync(far, near, () => Task.CompletedTask));
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // Shut on the way.
        }
        finally
        {
            _sockets.TryRemove(near, out _);
            _sockets.TryRemove(far, out _);
            near.Close(0);
        }
    }

    private static TaskCompletionSource Flowing()
    {
        var flow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        flow.SetResult();
        return flow;
    }

    private static async Task CopyAsync(Socket from, Socket to, Func<Task> flow)
    {
        var buffer = new byte[65_536];
        try
        {
            while (await from.ReceiveAsync(buffer) is var length and > 0)
            {
                await flow();
                await to.SendAsync(buffer.AsMemory(0, length));
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // Shut or closed by one side.
        }
    }
}
