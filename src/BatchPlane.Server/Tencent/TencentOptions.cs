using System.ComponentModel.DataAnnotations;
using BatchPlane.Contracts;
using BatchPlane.Server.Tencent.Catalogue;

namespace BatchPlane.Server.Tencent;

/// <summary>The Tencent façade: what it takes, and the machines and zones that it tells of. Section <c>Tencent</c>.</summary>
public sealed class TencentOptions : IValidatableObject
{
    /// <summary>Default of <see cref="MaxBodyBytes"/>: the published ceiling of signed JSON requests, 10 MiB.</summary>
    public const int DefaultMaxBodyBytes = 10_485_760;

    /// <summary>Default of <see cref="MaxFormBytes"/>: the published ceiling of requests with the older signature, 1 MiB.</summary>
    public const int DefaultMaxFormBytes = 1_048_576;

    /// <summary>Default of <see cref="MaxQueryBytes"/>: the published ceiling of GET requests, 32 KiB.</summary>
    public const int DefaultMaxQueryBytes = 32_768;

    /// <summary>Default of <see cref="SignatureWindowSeconds"/>: the published one.</summary>
    public const int DefaultSignatureWindowSeconds = 300;

    /// <summary>Default of <see cref="FutureSignatureSeconds"/>.</summary>
    public const int DefaultFutureSignatureSeconds = 60;

    /// <summary>Default of <see cref="MaxParameters"/>.</summary>
    public const int DefaultMaxParameters = 20_000;

    /// <summary>Default of <see cref="MaxBodyBytesInFlight"/>: 64 MiB.</summary>
    public const long DefaultMaxBodyBytesInFlight = 67_108_864;

    /// <summary>Default of <see cref="MaxFormBytesInFlight"/>: 16 MiB.</summary>
    public const long DefaultMaxFormBytesInFlight = 16_777_216;

    /// <summary>Default of <see cref="BodySeconds"/>.</summary>
    public const int DefaultBodySeconds = 60;

    /// <summary>Default of <see cref="MaxConnections"/>.</summary>
    public const int DefaultMaxConnections = 1_000;

    /// <summary>Default of <see cref="MaxRefusalsLogged"/>.</summary>
    public const int DefaultMaxRefusalsLogged = 60;

    /// <summary>Default of <see cref="MaxNodesPerTask"/>.</summary>
    public const int DefaultMaxNodesPerTask = 4;

    /// <summary>Largest JSON body in bytes; a larger one is answered with <c>RequestSizeLimitExceeded</c>.</summary>
    [Range(1_024, 268_435_456)]
    public int MaxBodyBytes { get; set; } = DefaultMaxBodyBytes;

    /// <summary>Largest form body in bytes (the older signature).</summary>
    [Range(1_024, 16_777_216)]
    public int MaxFormBytes { get; set; } = DefaultMaxFormBytes;

    /// <summary>Longest query of a GET request in bytes.</summary>
    [Range(1_024, 65_536)]
    public int MaxQueryBytes { get; set; } = DefaultMaxQueryBytes;

    /// <summary>Most values, lists and objects in the parameters of a query or form.</summary>
    [Range(100, 1_000_000)]
    public int MaxParameters { get; set; } = DefaultMaxParameters;

    /// <summary>Bytes of JSON bodies that the server holds at once; what comes beyond is answered with <c>RequestLimitExceeded</c>. At least <see cref="MaxBodyBytes"/>.</summary>
    [Range(1_024, 17_179_869_184)]
    public long MaxBodyBytesInFlight { get; set; } = DefaultMaxBodyBytesInFlight;

    /// <summary>The same of forms, which are counted for themselves: who sent one is known only when all of it is here. At least <see cref="MaxFormBytes"/>.</summary>
    [Range(1_024, 17_179_869_184)]
    public long MaxFormBytesInFlight { get; set; } = DefaultMaxFormBytesInFlight;

    /// <summary>Seconds within which a body has to be here.</summary>
    [Range(1, 3_600)]
    public int BodySeconds { get; set; } = DefaultBodySeconds;

    /// <summary>Most connections at once; further ones are closed.</summary>
    [Range(1, 100_000)]
    public int MaxConnections { get; set; } = DefaultMaxConnections;

    /// <summary>Seconds that the time in a signature may be before the server's. So long a request that somebody overheard can be sent again.</summary>
    [Range(1, 3_600)]
    public int SignatureWindowSeconds { get; set; } = DefaultSignatureWindowSeconds;

    /// <summary>Seconds that it may be after the server's. They lengthen the time for which an overheard request holds: only as many as clocks differ.</summary>
    [Range(0, 3_600)]
    public int FutureSignatureSeconds { get; set; } = DefaultFutureSignatureSeconds;

    /// <summary>True: the newer signature must sign <c>x-tc-action</c>, so that one that was overheard stands for its own action only. SDKs do not.</summary>
    public bool RequireSignedAction { get; set; }

    /// <summary>False: <c>UNSIGNED-PAYLOAD</c>, a signature that holds for any body, is refused. SDKs use it only where they are told to.</summary>
    public bool AllowUnsignedPayload { get; set; } = true;

    /// <summary>Lines a minute that are logged of requests that were refused and nobody is known to have sent.</summary>
    [Range(0, 100_000)]
    public int MaxRefusalsLogged { get; set; } = DefaultMaxRefusalsLogged;

    /// <summary>Zones that <c>Placement.Zone</c> may name, separated by commas; the first is that of jobs and environments that came by another way.</summary>
    [StringLength(4_096, MinimumLength = 1)]
    public string Zones { get; set; } = "local-1";

    /// <summary>
    /// Machines that <c>InstanceType</c> may name, separated by commas: <c>&lt;type&gt;:&lt;processors&gt;:&lt;GiB&gt;[:&lt;instances at once&gt;]</c>. A node of this type promises so much. Give
    /// types of your scripts here: <c>S5.MEDIUM4:2:4</c>.
    /// </summary>
    [StringLength(65_536, MinimumLength = 1)]
    public string NodeClasses { get; set; } = "local.small:1:1,local.medium:2:4,local.large:4:8";

    /// <summary>Who makes the nodes of environments that come by the façade: <c>local</c>, <c>slurm</c> or <c>attached</c>; with the last one nobody makes any for single tasks.</summary>
    public NodeProvider Provider { get; set; } = NodeProvider.Local;

    /// <summary>Most nodes that are made for a task with a <c>ComputeEnv</c>.</summary>
    [Range(1, 2_000)]
    public int MaxNodesPerTask { get; set; } = DefaultMaxNodesPerTask;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var bad in NodeClass.FindBad(NodeClasses))
        {
            yield return new ValidationResult(
                $"The field {nameof(NodeClasses)} must have <type>:<processors>:<GiB>[:<instances>], each type once, given \"{bad}\".", [nameof(NodeClasses)]);
        }

        if (MaxBodyBytesInFlight < MaxBodyBytes)
        {
            yield return new ValidationResult($"The field {nameof(MaxBodyBytesInFlight)} must be at least {nameof(MaxBodyBytes)}.", [nameof(MaxBodyBytesInFlight)]);
        }

        if (MaxFormBytesInFlight < MaxFormBytes)
        {
            yield return new ValidationResult($"The field {nameof(MaxFormBytesInFlight)} must be at least {nameof(MaxFormBytes)}.", [nameof(MaxFormBytesInFlight)]);
        }

        if (MachineCatalogue.ZonesOf(Zones).Count == 0)
        {
            yield return new ValidationResult($"The field {nameof(Zones)} must have a zone.", [nameof(Zones)]);
        }
    }
}
