using System.Net.Sockets;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Deliveries.Mail;
using BatchPlane.Server.Deliveries.Webhooks;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Deliveries;

/// <summary>Whether this installation can and may deliver to an endpoint: what the reader of the document cannot know.</summary>
internal sealed class EndpointAdmission(EndpointGuard guard, IOptions<EmailOptions> email)
{
    private const string Path = "$.endpoint";

    /// <summary>What is wrong with the endpoint of a valid document; null: nothing.</summary>
    internal async Task<ProblemItem?> FindProblemAsync(SubscriptionDocument document, CancellationToken cancellationToken)
    {
        switch (document.Protocol)
        {
            case SubscriptionProtocol.Email when !email.Value.IsConfigured:
                return new(Path, ItemCodes.EmailNotConfigured, "This server sends no mail: it has no Email:Host.");
            case SubscriptionProtocol.Http:
                return await FindProblemAsync(new Uri(document.Endpoint), cancellationToken);
            default:
                return null;
        }
    }

    private async Task<ProblemItem?> FindProblemAsync(Uri url, CancellationToken cancellationToken)
    {
        try
        {
            await guard.ResolveAsync(url.IdnHost, cancellationToken);
            return null;
        }
        catch (ForbiddenEndpointException forbidden)
        {
            return new(Path, ItemCodes.EndpointForbidden, forbidden.Message);
        }
        catch (Exception fault) when (fault is SocketException or TimeoutException or ArgumentException)
        {
            return new(Path, ItemCodes.EndpointUnresolvable, $"{url.IdnHost} cannot be resolved: {fault.Message}");
        }
    }
}
