using System.Net;
using System.Net.Sockets;

namespace BatchPlane.Bench.Stack;

/// <summary>The loopback interface.</summary>
internal static class Loopback
{
    /// <summary>A port on which nothing listened a moment ago.</summary>
    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
