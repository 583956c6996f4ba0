using Amazon.S3;
using Amazon.S3.Model;

namespace BatchPlane.Agent.Files;

/// <summary>
/// Uploads a file to a bucket: as one object, or in parts when it is larger than one. The bodies are signed as a whole, not in chunks, which not every
/// S3-compatible store understands. An upload that fails or is broken off leaves nothing behind that costs room.
/// </summary>
internal sealed class BucketUpload(IAmazonS3 store, string bucket, int workers, long partBytes)
{
    /// <summary>Most parts that S3 takes.</summary>
    private const int MaxParts = 10_000;

    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Uploads a file to a key, which has the old or the new object at any time.</summary>
    internal async Task UploadAsync(FileStream file, string key, CancellationToken cancellation)
    {
        // The SDK wants a path; that of the open file leads to no other one.
        var path = FileCalls.PathOf(file.SafeFileHandle);
        var length = file.Length;
        if (length <= partBytes)
        {
            await store.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = key, FilePath = path, UseChunkEncoding = false }, cancellation);
            return;
        }

        var upload = (await store.InitiateMultipartUploadAsync(bucket, key, cancellation)).UploadId;
        try
        {
            var parts = await UploadPartsAsync(path, key, upload, length, cancellation);
            await store.CompleteMultipartUploadAsync(
                new CompleteMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = upload, PartETags = [.. parts.OrderBy(part => part.PartNumber)] }, cancellation);
        }
        catch
        {
            await AbortAsync(key, upload);
            throw;
        }
    }

    private async Task<PartETag[]> UploadPartsAsync(string path, string key, string upload, long length, CancellationToken cancellation)
    {
        var size = Math.Max(partBytes, (length + MaxParts - 1) / MaxParts);
        var parts = new PartETag[(length + size - 1) / size];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, parts.Length),
            new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellation },
            async (number, end) =>
            {
                var part = await store.UploadPartAsync(
                    new UploadPartRequest
                    {
                        BucketName = bucket,
                        Key = key,
                        UploadId = upload,
                        PartNumber = number + 1,
                        FilePath = path,
                        FilePosition = number * size,
                        PartSize = Math.Min(size, length - (number * size)),
                        UseChunkEncoding = false,
                    },
                    end);
                parts[number] = new PartETag(number + 1, part.ETag);
            });
        return parts;
    }

    private async Task AbortAsync(string key, string upload)
    {
        using var limit = new CancellationTokenSource(AbortTimeout);
        try
        {
            await store.AbortMultipartUploadAsync(bucket, key, upload, limit.Token);
        }
        catch (Exception e) when (e is Amazon.Runtime.AmazonServiceException or Amazon.Runtime.AmazonClientException or HttpRequestException or OperationCanceledException)
        {
            // What failed first is what the author is told; stores have rules of their own for uploads that were left.
        }
    }
}
