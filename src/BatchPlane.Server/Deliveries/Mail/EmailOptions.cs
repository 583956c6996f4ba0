using System.ComponentModel.DataAnnotations;
using MimeKit;

namespace BatchPlane.Server.Deliveries.Mail;

/// <summary>How a connection to the SMTP server is protected.</summary>
public enum SmtpSecurity
{
    /// <summary>Not at all; for a server on this machine.</summary>
    None,

    /// <summary>STARTTLS, which the server must offer. The default.</summary>
    StartTls,

    /// <summary>TLS from the first byte.</summary>
    Tls,
}

/// <summary>The SMTP server that mail subscriptions are sent through. Section <c>Email</c>.</summary>
public sealed class EmailOptions : IValidatableObject
{
    /// <summary>Host of the SMTP server; empty: this server sends no mail and takes no mail subscriptions. Default empty.</summary>
    public string Host { get; set; } = "";

    /// <summary>Its port. 1 to 65,535; default 587.</summary>
    [Range(1, 65_535)]
    public int Port { get; set; } = 587;

    /// <summary>How the connection is protected. Default <c>StartTls</c>.</summary>
    public SmtpSecurity Security { get; set; } = SmtpSecurity.StartTls;

    /// <summary>User; empty: none is needed.</summary>
    public string User { get; set; } = "";

    /// <summary>Password of the user.</summary>
    public string Password { get; set; } = "";

    /// <summary>Sender's address. Default <c>batchplane@localhost</c>.</summary>
    [Required]
    public string From { get; set; } = "batchplane@localhost";

    /// <summary>How long a mail may take to be handed over. 1 second to 5 minutes; default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Least time between two mails of a subscription: events that come meanwhile share the next one. 0 to 15 minutes; default 30 s.</summary>
    /// <remarks>With the longest <see cref="Timeout"/> and the longest time a deliverer holds an event it stays below the 30 minutes after which RabbitMQ takes messages back.</remarks>
    [Range(typeof(TimeSpan), "00:00:00", "00:15:00")]
    public TimeSpan GatherFor { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Most events of one mail; with as many it goes at once. 1 to 1,000; default 100.</summary>
    [Range(1, 1_000)]
    public int MaxEvents { get; set; } = 100;

    /// <summary>Bytes of the events of one mail, at most; with as many it goes at once. One event may have more. 1,000 to 100,000,000; default 1,000,000.</summary>
    [Range(1_000, 100_000_000)]
    public int MaxBytes { get; set; } = 1_000_000;

    /// <summary>True when there is a server to send through.</summary>
    internal bool IsConfigured => Host.Length > 0;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!MailboxAddress.TryParse(From, out _))
        {
            yield return new($"'{From}' is no mail address.", [nameof(From)]);
        }
    }
}
