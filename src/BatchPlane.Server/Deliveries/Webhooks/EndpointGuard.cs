using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Deliveries.Webhooks;

/// <summary>A host that nothing is sent to. The message says why, without more of our network than the caller named.</summary>
internal sealed class ForbiddenEndpointException(string message) : IOException(message);

/// <summary>
/// Keeps webhooks from being used to reach what only this server can reach. A host is resolved, every one of its addresses is checked, and exactly these addresses are
/// dialled: a name that answers differently the next time (rebinding) gains nothing. The same check is made when a subscription is created, so that its author is told.
/// </summary>
internal sealed class EndpointGuard(IOptions<WebhookOptions> options, IHostResolver resolver, TimeProvider time)
{
    private readonly AllowList _allowed = new(options.Value);

    /// <summary>
    /// The addresses of a host, all of them allowed. Throws <see cref="ForbiddenEndpointException"/> when one is not, <see cref="SocketException"/> when the name cannot be resolved,
    /// <see cref="TimeoutException"/> when that takes too long.
    /// </summary>
    /// <param name="host">Name or address, as in a URL: IPv6 with or without brackets.</param>
    /// <param name="cancellationToken">Breaks off.</param>
    internal async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        var name = host.TrimStart('[').TrimEnd(']').TrimEnd('.');
        var addresses = IPAddress.TryParse(name, out var literal)
            ? [literal]
            : await resolver.ResolveAsync(name, cancellationToken).WaitAsync(options.Value.ResolveTimeout, cancellationToken);
        if (addresses.Length == 0)
        {
            throw new SocketException((int)SocketError.HostNotFound);
        }

        if (!_allowed.HasHost(name) && addresses.Any(address => !IsAllowed(address)))
        {
            throw new ForbiddenEndpointException($"{host} is not an address of the public internet, and not one that this server was told to allow.");
        }

        // One machine, one way to it: a mapped address cannot be dialled where IPv6 is off.
        return Array.ConvertAll(addresses, address => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);
    }

    /// <summary>Connects to an address that <see cref="ResolveAsync"/> let pass, for <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    internal async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var addresses = await ResolveAsync(context.DnsEndPoint.Host, cancellationToken);
        for (var n = 0; ; n++)
        {
            // One that answers nothing must leave time for the others.
            using var share = new CancellationTokenSource(options.Value.ConnectTimeout / addresses.Length, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(share.Token, cancellationToken);
            var isLast = n == addresses.Length - 1;
            var socket = new Socket(addresses[n].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(addresses[n], context.DnsEndPoint.Port), isLast ? cancellationToken : either.Token);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception fault) when (!isLast && (fault is SocketException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested)))
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    private bool IsAllowed(IPAddress address) => PublicAddress.Is(address) || _allowed.HasAddress(PublicAddress.Inner(address));
}
