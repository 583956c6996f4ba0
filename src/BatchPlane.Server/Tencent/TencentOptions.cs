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

    /// <summary>Seconds that the time in a signature may differ from the server's, either way. So long, and no longer, a request that somebody overheard can be sent again.</summary>
    [Range(1, 3_600)]
    public int SignatureWindowSeconds { get; set; } = DefaultSignatureWindowSeconds;

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

        if (MachineCatalogue.ZonesOf(Zones).Count == 0)
        {
            yield return new ValidationResult($"The field {nameof(Zones)} must have a zone.", [nameof(Zones)]);
        }
    }
}
