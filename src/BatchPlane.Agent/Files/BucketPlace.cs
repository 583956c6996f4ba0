using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using BatchPlane.Contracts;
using BatchPlane.Storage;

namespace BatchPlane.Agent.Files;

/// <summary>Everything in a bucket whose key begins with a prefix.</summary>
internal sealed class BucketPlace : IFilePlace
{
    private const int DefaultWorkers = 4;
    private const int DefaultPartSize = 16;
    private const long BytesOfMegabyte = 1024 * 1024;

    private readonly StorageLocation _location;
    private readonly IAmazonS3 _store;
    private readonly string _bucket;
    private readonly FileCopy _copy;
    private readonly BucketUpload _upload;

    internal BucketPlace(StorageLocation location, S3Connection connection, string bucket, OutputMappingConfigDocument? config, FileCopy copy)
    {
        _location = location;
        _store = connection.Open();
        _bucket = bucket;
        _copy = copy;
        _upload = new(_store, bucket, config?.WorkerNum ?? DefaultWorkers, (config?.WorkerPartSize ?? DefaultPartSize) * BytesOfMegabyte);
    }

    /// <inheritdoc/>
    public HeldDirectory? Directory => null;

    /// <inheritdoc/>
    public async IAsyncEnumerable<PlacedFile> ListAsync(HeldDirectory? into, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string? next = null;
        var isEmpty = true;
        do
        {
            var page = await ExplainedAsync(_location.Text, () => _store.ListObjectsV2Async(
                new ListObjectsV2Request { BucketName = _bucket, Prefix = _location.Path, ContinuationToken = next }, cancellation));
            foreach (var item in page.S3Objects ?? [])
            {
                isEmpty = false;
                // Keys that end with a slash are what some tools make of directories.
                if (!item.Key.EndsWith('/'))
                {
                    yield return new(NameOf(item.Key), item.Size ?? 0);
                }
            }

            next = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (next is not null);

        // A bucket has no directories, so this is all that tells a misspelt one.
        if (isEmpty)
        {
            throw new StagingException("there is no object below it");
        }
    }

    /// <inheritdoc/>
    public Task FetchAsync(PlacedFile file, HeldDirectory target, CancellationToken cancellation) => ExplainedAsync(_location.Text + file.Name, async () =>
    {
        using var answer = await _store.GetObjectAsync(new GetObjectRequest { BucketName = _bucket, Key = _location.Path + file.Name }, cancellation);
        await _copy.ToDirectoryAsync(answer.ResponseStream, target, file.Name, long.MaxValue, mode: null, cancellation);
        return true;
    });

    /// <inheritdoc/>
    public Task StoreAsync(FileStream file, string name, CancellationToken cancellation) => ExplainedAsync(_location.Text + name, async () =>
    {
        await _upload.UploadAsync(file, _location.Path + name, cancellation);
        return true;
    });

    /// <inheritdoc/>
    public void Dispose() => _store.Dispose();

    /// <summary>Asks a store; what fails says of which place.</summary>
    internal static async Task<T> ExplainedAsync<T>(string what, Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (Exception e) when (e is AmazonServiceException or AmazonClientException or HttpRequestException or IOException or UnauthorizedAccessException or StagingException)
        {
            throw new StagingException($"{what}: {S3Connection.Explain(e)}", e);
        }
    }

    private string NameOf(string key)
    {
        var name = key[_location.Path.Length..];
        return name.Split('/').Any(part => part is "" or "." or "..") || name.Contains('\0', StringComparison.Ordinal)
            ? throw new StagingException($"the key '{key}' is no path that a file can have")
            : name;
    }
}
