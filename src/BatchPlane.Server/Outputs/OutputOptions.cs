using System.ComponentModel.DataAnnotations;
using BatchPlane.Contracts;
using BatchPlane.Storage;

namespace BatchPlane.Server.Outputs;

/// <summary>Where outputs are kept.</summary>
public enum OutputStorageKind
{
    /// <summary>As files in the data directory.</summary>
    Directory,

    /// <summary>In a bucket of an S3-compatible store.</summary>
    S3,
}

/// <summary>Outputs of attempts. Options section <c>Outputs</c>.</summary>
public sealed class OutputOptions : IValidatableObject
{
    /// <summary>Default of <see cref="MaxBytes"/>: 64 MiB.</summary>
    public const long DefaultMaxBytes = 64L * 1024 * 1024;

    /// <summary>Where they are kept; the same on all servers.</summary>
    public OutputStorageKind Storage { get; set; } = OutputStorageKind.Directory;

    /// <summary>Bytes of each output of an attempt that are kept; agents cut the rest with a note. 1,024 to 1 TiB; default 64 MiB.</summary>
    [Range(1_024, 1L << 40)]
    public long MaxBytes { get; set; } = DefaultMaxBytes;

    /// <summary>Bytes of one uploaded piece, which agents are told when they join. 65,536 to 64 MiB; default 4 MiB.</summary>
    [Range(JoinResponse.SmallestPieceBytes, 64 * 1024 * 1024)]
    public int MaxPieceBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Uploaded pieces in memory at once; further uploads wait. 1 to 4,096; default 32.</summary>
    [Range(1, 4_096)]
    public int MaxConcurrentWrites { get; set; } = 32;

    /// <summary>Seconds that the storage has for a piece, or for the short outputs of one report; then they are refused, and agents come again. 0.1 to 45; default 20.</summary>
    [Range(0.1, 45)]
    public double WriteSeconds { get; set; } = 20;

    /// <summary>True: a piece is on the disk before it is acknowledged, so that no power failure takes it; short instances that write become several times slower. Of the directory only.</summary>
    public bool ForceToDisk { get; set; }

    /// <summary>How long outputs are kept after the end of their job. Zero: until the job is deleted.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "36500.00:00:00")]
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Seconds between looks for outputs that were kept long enough. 0.1 to 86,400; default 60.</summary>
    [Range(0.1, 86_400)]
    public double RemovalSeconds { get; set; } = 60;

    /// <summary>Jobs whose outputs are removed in one pass. 1 to 10,000; default 100.</summary>
    [Range(1, 10_000)]
    public int RemovalMaxJobs { get; set; } = 100;

    /// <summary>Files or objects of a job that are removed in one step. 1 to 1,000,000; default 1,000.</summary>
    [Range(1, 1_000_000)]
    public int RemovalChunk { get; set; } = 1_000;

    /// <summary>Seconds between looks for what followed outputs have grown by, one look for all followers of a server. 0.05 to 60; default 0.5.</summary>
    [Range(0.05, 60)]
    public double FollowSeconds { get; set; } = 0.5;

    /// <summary>Followers at once on one server. 0 to 100,000; default 1,000.</summary>
    [Range(0, 100_000)]
    public int MaxFollowers { get; set; } = 1_000;

    /// <summary>Bytes at the end of an output in which <c>tail</c> looks for its lines. 1,024 to 1 GiB; default 8 MiB.</summary>
    [Range(1_024, 1 << 30)]
    public int MaxTailBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Bucket, which has to be there; with the storage S3.</summary>
    public string? S3Bucket { get; set; }

    /// <summary>What keys begin with, <c>batchplane/outputs/</c>; may be empty.</summary>
    [StringLength(512, MinimumLength = 0)]
    public string S3Prefix { get; set; } = "outputs/";

    /// <summary>URL of the store, <c>https://s3.example.net</c>; none: Amazon's.</summary>
    [Url]
    public string? S3Endpoint { get; set; }

    /// <summary>Region of the bucket.</summary>
    public string S3Region { get; set; } = S3Connection.DefaultRegion;

    /// <summary>True: the bucket stands in the path, false: in the host's name.</summary>
    public bool S3PathStyle { get; set; } = true;

    /// <summary>Access key; none: what the AWS SDK finds (variables, profile, role of the machine).</summary>
    public string? S3AccessKey { get; set; }

    /// <summary>Secret of the access key.</summary>
    public string? S3SecretKey { get; set; }

    /// <summary>Seconds that the store has for one request. 1 to 600; default 15.</summary>
    [Range(1, 600)]
    public int S3TimeoutSeconds { get; set; } = 15;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Storage == OutputStorageKind.S3 && string.IsNullOrEmpty(S3Bucket))
        {
            yield return new("S3Bucket is required with Storage=S3.");
        }

        if ((S3AccessKey is null) != (S3SecretKey is null))
        {
            yield return new("S3AccessKey and S3SecretKey go together.");
        }
    }

    /// <summary>How the store is reached.</summary>
    internal S3Connection ToConnection() => new()
    {
        Endpoint = S3Endpoint,
        Region = S3Region,
        PathStyle = S3PathStyle,
        AccessKey = S3AccessKey,
        SecretKey = S3SecretKey,
        Timeout = TimeSpan.FromSeconds(S3TimeoutSeconds),
    };
}
