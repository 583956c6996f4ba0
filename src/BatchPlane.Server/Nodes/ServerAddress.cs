using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace BatchPlane.Server.Nodes;

/// <summary>Where agents find this server.</summary>
internal static class ServerAddress
{
    /// <summary>The first address that this server listens on, as an agent on the same host reaches it. Only once it listens.</summary>
    internal static string Own(IServer server) => server.Features.Get<IServerAddressesFeature>()!.Addresses.First()
        .Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)
        .Replace("[::]", "127.0.0.1", StringComparison.Ordinal)
        .Replace("//+", "//127.0.0.1", StringComparison.Ordinal)
        .Replace("//*", "//127.0.0.1", StringComparison.Ordinal);
}
