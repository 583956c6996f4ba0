using System.Net;
using System.Net.Sockets;

namespace BatchPlane.Server.Deliveries.Webhooks;

/// <summary>
/// Tells addresses of the public internet from all others: of the machine, private networks, links, documentation, multicast, and whatever is not given out (IANA's
/// special-purpose registries). What carries an IPv4 address inside is judged by that one.
/// </summary>
internal static class PublicAddress
{
    private const int MappedOffset = 12;
    private const int Ipv4Bytes = 4;

    private static readonly IPNetwork[] NotPublicV4 = Networks(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24",
        "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4");

    /// <summary>What is given out to the public internet at all.</summary>
    private static readonly IPNetwork GlobalV6 = IPNetwork.Parse("2000::/3");

    /// <summary>Within that: protocol assignments with Teredo, documentation, 6to4 (whose inner address is reached through whoever relays it).</summary>
    private static readonly IPNetwork[] NotPublicV6 = Networks("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20");

    /// <summary>NAT64: the last four bytes are the address that is reached.</summary>
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>True when anybody on the internet could be reached at the address, and nobody who only we can reach.</summary>
    internal static bool Is(IPAddress address)
    {
        var plain = Inner(address);
        if (plain.AddressFamily == AddressFamily.InterNetwork)
        {
            return !NotPublicV4.Any(network => network.Contains(plain));
        }

        // A scope names an interface of this machine.
        return plain.AddressFamily == AddressFamily.InterNetworkV6
            && plain.ScopeId == 0
            && GlobalV6.Contains(plain)
            && !NotPublicV6.Any(network => network.Contains(plain));
    }

    /// <summary>The IPv4 address inside of a mapped or NAT64 one; any other as it is.</summary>
    internal static IPAddress Inner(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        return Nat64.Contains(address) ? new IPAddress(address.GetAddressBytes().AsSpan(MappedOffset, Ipv4Bytes)) : address;
    }

    private static IPNetwork[] Networks(params string[] networks) => [.. networks.Select(IPNetwork.Parse)];
}
