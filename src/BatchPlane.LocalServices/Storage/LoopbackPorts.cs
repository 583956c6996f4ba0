using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace BatchPlane.LocalServices.Storage;

/// <summary>Picks TCP ports on 127.0.0.1.</summary>
internal static class LoopbackPorts
{
    // Below the range from which Linux takes the ports of outgoing connections: one of those could otherwise sit on a
    // server's port just while it restarts.
    private const int First = 20000;
    private const int Last = 32000;
    private const int Attempts = 200;

    internal static bool IsFree(int port)
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

    /// <returns><paramref name="preferred"/> when it is free, else a random free port.</returns>
    internal static int Pick(int preferred) => preferred != 0 && IsFree(preferred) ? preferred : PickNew();

    private static int PickNew()
    {
        for (var i = 0; i < Attempts; i++)
        {
            var port = RandomNumberGenerator.GetInt32(First, Last);
            if (IsFree(port))
            {
                return port;
            }
        }

        throw new LocalServiceException($"No free TCP port on 127.0.0.1 between {First} and {Last}.");
    }
}
