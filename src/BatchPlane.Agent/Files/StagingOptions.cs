using System.ComponentModel.DataAnnotations;
using BatchPlane.Contracts;
using BatchPlane.Storage;

namespace BatchPlane.Agent.Files;

/// <summary>How an agent moves files before and after commands. Read from its variables <c>BATCHPLANE_FILES__…</c>; a local provider passes those of the server on.</summary>
public sealed class StagingOptions : IValidatableObject
{
    /// <summary>How long each step of an attempt may take: its package, one mapping, one redirect. 1 s to 30 days; default 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long a transfer may stand still. 1 s to 1 day; default 60 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Files of an attempt copied at once. 1 to 64; default 4. A file that goes up in parts has <c>worker_num</c> of them under way.</summary>
    [Range(1, 64)]
    public int ParallelFiles { get; set; } = 4;

    /// <summary>Files in one mapping. 1 to 100,000,000; default 1,000,000.</summary>
    [Range(1, 100_000_000)]
    public int MaxFiles { get; set; } = 1_000_000;

    /// <summary>Directories below each other in one mapping. 1 to 1,000; default 100.</summary>
    [Range(1, 1_000)]
    public int MaxDepth { get; set; } = 100;

    /// <summary>
    /// Directories of the node, with <c>:</c> between them, that tasks without the rights of the agent (those in containers) may name, and everything below
    /// them; only the agent's administrator may write to the directories above them. Other tasks may name any. None: no directory.
    /// </summary>
    public string Roots { get; set; } = "";

    /// <summary><see cref="Roots"/>, one by one.</summary>
    internal IEnumerable<string> RootList => Roots.Split(':', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Bytes of a package. 1 to 1 TiB; default 1 GiB.</summary>
    [Range(1, 1L << 40)]
    public long PackageMaxBytes { get; set; } = 1L << 30;

    /// <summary>Bytes of a package when unpacked. 1 to 16 TiB; default 10 GiB.</summary>
    [Range(1, 1L << 44)]
    public long PackageMaxUnpackedBytes { get; set; } = 10L << 30;

    /// <summary>Files and directories in a package. 1 to 100,000,000; default 100,000.</summary>
    [Range(1, 100_000_000)]
    public int PackageMaxEntries { get; set; } = 100_000;

    /// <summary>Bytes of packages kept on the node for the next attempt; those used longest ago go first. 0 (none) to 16 TiB; default 4 GiB.</summary>
    [Range(0, 1L << 44)]
    public long PackageCacheBytes { get; set; } = 4L << 30;

    /// <summary>URL of the store behind <c>s3://</c>; none: Amazon's.</summary>
    [Url]
    public string? S3Endpoint { get; set; }

    /// <summary>Its region.</summary>
    public string S3Region { get; set; } = S3Connection.DefaultRegion;

    /// <summary>True: the bucket stands in the path, false: in the host's name.</summary>
    public bool S3PathStyle { get; set; } = true;

    /// <summary>Access key for tasks that bring none; none: what the AWS SDK finds.</summary>
    public string? S3AccessKey { get; set; }

    /// <summary>Secret of the access key.</summary>
    public string? S3SecretKey { get; set; }

    /// <summary>URL of the store behind <c>cos://</c>; none: that of the host in the path.</summary>
    [Url]
    public string? CosEndpoint { get; set; }

    /// <summary>Its region; none: the one in the host of the path.</summary>
    public string? CosRegion { get; set; }

    /// <summary>True: the bucket stands in the path, false: in the host's name, as Tencent wants it.</summary>
    public bool CosPathStyle { get; set; }

    /// <summary>Access key for tasks that bring none.</summary>
    public string? CosAccessKey { get; set; }

    /// <summary>Secret of the access key.</summary>
    public string? CosSecretKey { get; set; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if ((S3AccessKey is null) != (S3SecretKey is null))
        {
            yield return new("S3AccessKey and S3SecretKey go together.");
        }

        if ((CosAccessKey is null) != (CosSecretKey is null))
        {
            yield return new("CosAccessKey and CosSecretKey go together.");
        }

        foreach (var root in RootList.Where(root => !root.StartsWith('/') || root.Split('/').Contains("..")))
        {
            yield return new($"Roots: '{root}' is no absolute path without '..'.");
        }
    }

    /// <summary>How the store of a location is reached, and the name of the bucket there.</summary>
    internal (S3Connection Connection, string Bucket) ConnectionOf(StorageLocation location, AuthenticationDocument? authentication)
    {
        if (location.Scheme == StorageScheme.S3)
        {
            return (new() { Endpoint = S3Endpoint, Region = S3Region, PathStyle = S3PathStyle, AccessKey = authentication?.SecretId ?? S3AccessKey, SecretKey = authentication is null ? S3SecretKey : authentication.SecretKey, Timeout = StallTimeout }, location.Host);
        }

        if (authentication is null && CosAccessKey is null)
        {
            throw new StagingException($"{location.Text}: there are no credentials: give authentications with the scene COS, or configure them on the node");
        }

        // bucket-appid.cos.region.myqcloud.com
        var labels = location.Host.Split('.', 2);
        var host = labels.Length > 1 ? labels[1] : "";
        var region = CosRegion ?? (host.Split('.') is ["cos", var named, ..] ? named : S3Connection.DefaultRegion);
        var endpoint = CosEndpoint ?? (host.Length > 0 ? $"https://{host}" : throw new StagingException($"{location.Text}: expected the host of a bucket, such as bucket-1250000000.cos.ap-guangzhou.myqcloud.com"));
        return (new() { Endpoint = endpoint, Region = region, PathStyle = CosPathStyle, AccessKey = authentication?.SecretId ?? CosAccessKey, SecretKey = authentication is null ? CosSecretKey : authentication.SecretKey, Timeout = StallTimeout }, labels[0]);
    }
}
