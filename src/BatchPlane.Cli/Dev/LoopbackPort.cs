using System.Net;
using System.Net.Sockets;

namespace BatchPlane.Cli.Dev;

/// <summary>Chooses the port of the REST API.</summary>
internal static class LoopbackPort
{
    /// <summary>The asked one, which must be free; when none was asked for: the last one, the usual one, or any that is free.</summary>
    /// <exception cref="StartException">The asked port is taken.</exception>
    internal static int Choose(int? asked, int? last)
    {
        if (asked is { } port and not 0)
        {
            return IsFree(port) ? port : throw new StartException($"port {port} of 127.0.0.1 is taken; choose another one with --http");
        }

        int?[] candidates = asked is null ? [last, DevOptions.DefaultHttpPort] : [];
        return candidates.OfType<int>().Where(IsFree).Concat(AnyFree()).First();
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static IEnumerable<int> AnyFree()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        yield return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
