using System.Net;
using System.Net.Sockets;

namespace BatchPlane.Cli.Dev;

/// <summary>Chooses the ports of a stack.</summary>
internal static class LoopbackPort
{
    /// <summary>The asked one, which must be free; when none was asked for: the last one, the usual one, or any that is free.</summary>
    /// <exception cref="StartException">The asked port is taken.</exception>
    /// <param name="option">What the port is asked for with.</param>
    /// <param name="asked">Null: not asked for; 0: any.</param>
    /// <param name="last">That of the last start; null: there was none.</param>
    /// <param name="usual">The usual one.</param>
    /// <param name="besides">One that is to be left free for something else; 0: none.</param>
    internal static int Choose(string option, int? asked, int? last, int usual, int besides = 0)
    {
        if (asked is { } port and not 0)
        {
            return IsFree(port) && port != besides ? port : throw new StartException($"port {port} of 127.0.0.1 is taken; choose another one with {option}");
        }

        int?[] candidates = asked is null ? [last, usual] : [];
        return candidates.OfType<int>().Where(candidate => candidate != besides && IsFree(candidate)).Concat(AnyFree().Where(free => free != besides)).First();
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
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            yield return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
    }
}
