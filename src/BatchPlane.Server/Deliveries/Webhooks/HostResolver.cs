using System.Net;

namespace BatchPlane.Server.Deliveries.Webhooks;

/// <summary>Looks up the addresses of a host name.</summary>
internal interface IHostResolver
{
    /// <summary>All addresses of the name. Throws <see cref="System.Net.Sockets.SocketException"/> when it has none.</summary>
    Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken);
}

/// <summary>Asks the system.</summary>
internal sealed class SystemResolver : IHostResolver
{
    /// <inheritdoc/>
    public Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken) => Dns.GetHostAddressesAsync(name, cancellationToken);
}
