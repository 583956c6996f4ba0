using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace BatchPlane.Storage;

/// <summary>How an S3-compatible store is reached.</summary>
public sealed record S3Connection
{
    /// <summary>Region used where none is named: what most stores other than Amazon's expect.</summary>
    public const string DefaultRegion = "us-east-1";

    /// <summary>URL of the store, <c>https://s3.example.net</c>; null: Amazon's of the region.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Region that requests are signed for.</summary>
    public string Region { get; init; } = DefaultRegion;

    /// <summary>True: the bucket stands in the path (<c>https://host/bucket/key</c>), false: in the host's name.</summary>
    public bool PathStyle { get; init; } = true;

    /// <summary>Access key; null: what the AWS SDK finds (variables, profile, role of the machine).</summary>
    public string? AccessKey { get; init; }

    /// <summary>Its secret; with <see cref="AccessKey"/> only.</summary>
    public string? SecretKey { get; init; }

    /// <summary>Longest wait for the answer of one request.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Tries after the first of a request that failed on the way.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>A client, safe for threads. Nothing is contacted yet.</summary>
    public IAmazonS3 Open()
    {
        var config = new AmazonS3Config
        {
            ForcePathStyle = PathStyle,
            MaxErrorRetry = Retries,
            Timeout = Timeout,
            // Stores other than Amazon's do not know the newer checksums; S3 itself still compares MD5 and length.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint;
            config.AuthenticationRegion = Region;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(Region);
        }

        return AccessKey is { } accessKey ? new AmazonS3Client(new BasicAWSCredentials(accessKey, SecretKey ?? ""), config) : new AmazonS3Client(config);
    }

    /// <summary>What went wrong, in words for the author of a job: a missing bucket, refused credentials, a store that does not answer.</summary>
    public static string Explain(Exception exception) => exception switch
    {
        AmazonS3Exception { ErrorCode: "NoSuchBucket" } => "there is no such bucket",
        AmazonS3Exception { ErrorCode: "NoSuchKey" or "NotFound" } => "there is no such object",
        AmazonS3Exception { ErrorCode: "AccessDenied" or "Forbidden" or "InvalidAccessKeyId" or "SignatureDoesNotMatch" } denied => $"access denied ({denied.ErrorCode})",
        AmazonS3Exception fault => $"{(int)fault.StatusCode} {fault.ErrorCode}: {fault.Message}",
        HttpRequestException => $"the store cannot be reached: {exception.Message}",
        AmazonClientException { InnerException: { } inner } => $"the store cannot be reached: {inner.Message}",
        _ => exception.Message,
    };
}
