using System.Collections.Concurrent;
using BatchPlane.Core.Subscriptions;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Deliveries.Mail;

/// <summary>
/// Delivers by mail. The first event of a subscription goes at once; those that come within the gathering time after a mail share the next one. All events of a mail fare
/// alike, but for one that is too large for the server: it is sent in halves. Final is only that the recipient is refused with 5xx; everything else may be the mistake of who runs this server, and is tried again.
/// </summary>
internal sealed class MailSender(EventRenderer renderer, IOptions<EmailOptions> options, TimeProvider time) : IEndpointSender
{
    private const int FirstPermanentReply = 500;
    private const int TooLarge = (int)SmtpStatusCode.ExceededStorageAllocation;
    private readonly ConcurrentDictionary<string, MailGatherer> _gatherers = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async Task<DeliveryOutcome> TryAsync(ServedSubscription subscription, Incoming incoming, CancellationToken cancellationToken)
    {
        if (!options.Value.IsConfigured)
        {
            return new DeliveryOutcome.Failed(null, "This server sends no mail: it has no Email:Host.");
        }

        if (await renderer.RenderAsync(subscription.View.Format, incoming, cancellationToken) is not { } content)
        {
            return new DeliveryOutcome.Undeliverable(EventRenderer.GoneReason);
        }

        var gatherer = _gatherers.GetOrAdd(subscription.View.SubscriptionId, _ => new MailGatherer(options.Value, time, SendAsync));
        return await gatherer.AddAsync(subscription.View.Endpoint, new(incoming, content), cancellationToken);
    }

    private async Task<IReadOnlyList<DeliveryOutcome>> SendAsync(string address, IReadOnlyList<MailEvent> events)
    {
        var outcome = await SendOneAsync(address, events);
        if (outcome is not DeliveryOutcome.Failed { Status: TooLarge } || events.Count == 1)
        {
            return [.. Enumerable.Repeat(outcome, events.Count)];
        }

        var half = events.Count / 2;
        return [.. await SendAsync(address, [.. events.Take(half)]), .. await SendAsync(address, [.. events.Skip(half)])];
    }

    private async Task<DeliveryOutcome> SendOneAsync(string address, IReadOnlyList<MailEvent> events)
    {
        using var timeout = new CancellationTokenSource(options.Value.Timeout, time);
        try
        {
            using var message = MailMessage.Make(options.Value.From, address, events, time.GetUtcNow());
            using var smtp = new SmtpClient();
            await smtp.ConnectAsync(options.Value.Host, options.Value.Port, SecurityOf(options.Value.Security), timeout.Token);
            if (options.Value.User.Length > 0)
            {
                await smtp.AuthenticateAsync(options.Value.User, options.Value.Password, timeout.Token);
            }

            await smtp.SendAsync(message, timeout.Token);
            await LeaveAsync(smtp, timeout.Token);
            return new DeliveryOutcome.Delivered((int)SmtpStatusCode.Ok);
        }
        catch (SmtpCommandException refused) when (refused.ErrorCode == SmtpErrorCode.RecipientNotAccepted && (int)refused.StatusCode >= FirstPermanentReply)
        {
            return new DeliveryOutcome.Refused((int)refused.StatusCode, refused.Message);
        }
        catch (SmtpCommandException refused)
        {
            return new DeliveryOutcome.Failed((int)refused.StatusCode, refused.Message);
        }
        catch (OperationCanceledException)
        {
            return new DeliveryOutcome.Failed(null, $"The SMTP server did not take it within {options.Value.Timeout.TotalSeconds:0.###} s.");
        }
        catch (Exception fault)
        {
            // The server is away, or speaks otherwise than it should, or the mail cannot be written: the next try may do.
            return new DeliveryOutcome.Failed(null, fault.Message);
        }
    }

    /// <summary>It has the mail: a farewell that fails changes nothing.</summary>
    private static async Task LeaveAsync(SmtpClient smtp, CancellationToken cancellationToken)
    {
        try
        {
            await smtp.DisconnectAsync(quit: true, cancellationToken);
        }
        catch (Exception fault) when (fault is IOException or ProtocolException or CommandException or OperationCanceledException)
        {
            // Gone already.
        }
    }

    private static SecureSocketOptions SecurityOf(SmtpSecurity security) => security switch
    {
        SmtpSecurity.None => SecureSocketOptions.None,
        SmtpSecurity.StartTls => SecureSocketOptions.StartTls,
        SmtpSecurity.Tls => SecureSocketOptions.SslOnConnect,
    };
}
