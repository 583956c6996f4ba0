using System.Net;

namespace BatchPlane.Server.Deliveries.Webhooks;

/// <summary>Where webhooks may lead although the address is none of the public internet, as configured.</summary>
internal sealed class AllowList(WebhookOptions options)
{
    private const string AnyBelow = "*.";

    private readonly IPNetwork[] _networks = [.. Split(options.AllowedNetworks).Select(IPNetwork.Parse)];
    private readonly string[] _hosts = Split(options.AllowedHosts);

    /// <summary>Elements that are no networks.</summary>
    internal static IEnumerable<string> FindBadNetworks(string networks) => Split(networks).Where(network => !IPNetwork.TryParse(network, out _));

    /// <summary>True when the host's name is allowed, whatever its addresses.</summary>
    internal bool HasHost(string host) => _hosts.Any(allowed => allowed.StartsWith(AnyBelow, StringComparison.Ordinal)
        ? host.EndsWith(allowed[1..], StringComparison.OrdinalIgnoreCase)
        : host.Equals(allowed, StringComparison.OrdinalIgnoreCase));

    /// <summary>True when the address lies in an allowed network.</summary>
    internal bool HasAddress(IPAddress address) => _networks.Any(network => network.Contains(address));

    private static string[] Split(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
