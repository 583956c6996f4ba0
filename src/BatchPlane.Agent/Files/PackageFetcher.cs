using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Amazon.S3;
using Amazon.S3.Model;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Files;

/// <summary>Fetches packages and unpacks them into working directories. What is kept on the node is fetched again only when its source says that it changed.</summary>
internal sealed class PackageFetcher : IDisposable
{
    private const int MaxRedirections = 5;

    private readonly StagingOptions _options;
    private readonly PackageCache _cache;
    private readonly NodeRoots _roots;
    private readonly FileCopy _copy;
    private readonly HttpClient _http;

    internal PackageFetcher(StagingOptions options, PackageCache cache, NodeRoots roots, FileCopy copy)
    {
        _options = options;
        _cache = cache;
        _roots = roots;
        _copy = copy;
        _http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = options.StallTimeout, ResponseDrainTimeout = TimeSpan.Zero, UseCookies = false, MaxAutomaticRedirections = MaxRedirections })
        {
            Timeout = options.StallTimeout,
        };
    }

    /// <summary>Fetches the package of an attempt and unpacks it.</summary>
    /// <exception cref="StagingException">It cannot be had, or is none that may be unpacked.</exception>
    internal async Task UnpackAsync(RunSpec run, string directory, CancellationToken cancellation)
    {
        var text = run.Files!.PackagePath!;
        var (location, problem) = StorageLocation.ParseArchive(text);
        if (location is null)
        {
            throw new StagingException($"{text}: {problem}");
        }

        try
        {
            await using var archive = _copy.Guarded(await OpenAsync(location, run, cancellation));
            var tree = new SafeTree(directory, _options.PackageMaxEntries, _options.PackageMaxUnpackedBytes);
            await Archive.UnpackAsync(archive, StorageLocation.EndingOf(location)!, tree, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or HttpRequestException)
        {
            throw new StagingException($"{Shown(text)}: {e.Message}", e);
        }
        catch (StagingException e)
        {
            throw new StagingException($"{Shown(text)}: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new StagingException($"{Shown(text)}: no answer within {_options.StallTimeout.TotalSeconds:0} s", e);
        }
    }

    public void Dispose() => _http.Dispose();

    // The query of a signed address is a secret.
    private static string Shown(string text) => text.Split('?')[0];

    private async Task<FileStream> OpenAsync(StorageLocation location, RunSpec run, CancellationToken cancellation)
    {
        switch (location.Scheme)
        {
            case StorageScheme.File:
                return OpenNode(location.Path, run);
            case StorageScheme.Http:
                return await _cache.OpenAsync(location.Text, known => FetchHttpAsync(location.Text, known, cancellation), cancellation);
            default:
                var scene = location.Scheme == StorageScheme.Cos ? StorageScene.Cos : StorageScene.S3;
                var files = run.Files!;
                var owner = files.Authentications.FirstOrDefault(known => known.Scene == scene)?.SecretId;
                return await _cache.OpenAsync($"{location.Text}\n{owner}", known => FetchObjectAsync(location, files, known, cancellation), cancellation);
        }
    }

    private FileStream OpenNode(string path, RunSpec run)
    {
        var file = _roots.OpenFile(run, path);
        if (file.Length <= _options.PackageMaxBytes)
        {
            return file;
        }

        file.Dispose();
        throw TooLarge();
    }

    private async Task<CachedPackage> FetchHttpAsync(string url, CachedPackage? known, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        if (known is not null && EntityTagHeaderValue.TryParse(known.Tag, out var tag))
        {
            request.Headers.IfNoneMatch.Add(tag);
        }

        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (answer.StatusCode == HttpStatusCode.NotModified && known is not null)
        {
            return known;
        }

        if (!answer.IsSuccessStatusCode)
        {
            throw new StagingException(string.Create(CultureInfo.InvariantCulture, $"the server answered {(int)answer.StatusCode} {answer.ReasonPhrase}"));
        }

        if (answer.Content.Headers.ContentLength > _options.PackageMaxBytes)
        {
            throw TooLarge();
        }

        await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
        return await TakeAsync(body, answer.Headers.ETag?.ToString() ?? "", cancellation);
    }

    private async Task<CachedPackage> FetchObjectAsync(StorageLocation location, FileSpec files, CachedPackage? known, CancellationToken cancellation)
    {
        var (connection, bucket) = _options.ConnectionOf(location, FilePlaces.AuthenticationOf(files, location));
        using var store = connection.Open();
        try
        {
            using var answer = await store.GetObjectAsync(new GetObjectRequest { BucketName = bucket, Key = location.Path, EtagToNotMatch = known?.Tag }, cancellation);
            return answer.ContentLength > _options.PackageMaxBytes ? throw TooLarge() : await TakeAsync(answer.ResponseStream, answer.ETag ?? "", cancellation);
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotModified && known is not null)
        {
            return known;
        }
        catch (Exception e) when (e is Amazon.Runtime.AmazonServiceException or Amazon.Runtime.AmazonClientException)
        {
            throw new StagingException(Storage.S3Connection.Explain(e), e);
        }
    }

    private async Task<CachedPackage> TakeAsync(Stream body, string tag, CancellationToken cancellation)
    {
        var path = _cache.NewFile();
        await _copy.ToFileAsync(body, path, _options.PackageMaxBytes, cancellation);
        return new(path, tag);
    }

    private StagingException TooLarge() => new(FormattableString.Invariant($"it is larger than {_options.PackageMaxBytes} bytes"));
}
