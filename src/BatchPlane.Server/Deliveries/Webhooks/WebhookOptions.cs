using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Server.Deliveries.Webhooks;

/// <summary>How webhooks are called, and where they may lead. Section <c>Webhooks</c>.</summary>
public sealed class WebhookOptions : IValidatableObject
{
    /// <summary>How long a request may take in all, until the answer's status is there. 1 second to 2 minutes; default 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:02:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a connection may take to be made. 100 ms to 1 minute; default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a host name may take to be resolved. 100 ms to 1 minute; default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan ResolveTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection is used before the host's addresses are looked up and checked again. 1 second to 1 hour; default 2 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan ConnectionLifetime { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How much of an answer's body is read; the beginning of a refusal is shown. 0 to 1,048,576; default 4,096.</summary>
    [Range(0, 1_048_576)]
    public int MaxResponseBytes { get; set; } = 4_096;

    /// <summary>Longest wait that an endpoint may ask for with <c>Retry-After</c>; more counts as this. 1 second to 7 days; default 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How long the key before a rotation goes on signing. 0 to 30 days; default 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00")]
    public TimeSpan SecretOverlap { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// Networks that webhooks may lead to although they are private or local, in CIDR form, separated by commas: <c>10.20.0.0/16,fd00:12::/32</c>. Default: none.
    /// </summary>
    public string AllowedNetworks { get; set; } = "";

    /// <summary>Hosts that webhooks may lead to whatever their addresses, separated by commas; <c>*.example.org</c> stands for all below. Default: none.</summary>
    public string AllowedHosts { get; set; } = "";

    /// <summary>Account number that the push forms of CMQ and MNS tell as the topic's owner. 0 or more; default 0.</summary>
    [Range(0, long.MaxValue)]
    public long TopicOwner { get; set; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => AllowList.FindBadNetworks(AllowedNetworks)
        .Select(bad => new ValidationResult($"The field {nameof(AllowedNetworks)} must have networks in CIDR form, given \"{bad}\".", [nameof(AllowedNetworks)]));
}
