using BatchPlane.Contracts;

namespace BatchPlane.Agent.Files;

/// <summary>Opens places of files for one attempt, with its credentials.</summary>
internal sealed class FilePlaces(StagingOptions options, FileSpec files, FileCopy copy)
{
    /// <summary>The directory that a validated text names.</summary>
    internal IFilePlace OpenDirectory(string text)
    {
        var (location, problem) = StorageLocation.ParseDirectory(text);
        return location is null ? throw new StagingException($"{text}: {problem}") : Open(location);
    }

    /// <summary>A place whose path, in a bucket, is that of the location.</summary>
    internal IFilePlace Open(StorageLocation location)
    {
        if (location.Scheme == StorageScheme.File)
        {
            return new DirectoryPlace(location.Path, copy);
        }

        var (connection, bucket) = options.ConnectionOf(location, AuthenticationOf(files, location));
        return new BucketPlace(location, connection, bucket, files.OutputMappingConfigs.FirstOrDefault(config => config.Scene == SceneOf(location)), copy);
    }

    /// <summary>Credentials of a task for a bucket; null: it brings none.</summary>
    internal static AuthenticationDocument? AuthenticationOf(FileSpec files, StorageLocation location) =>
        files.Authentications.FirstOrDefault(known => known.Scene == SceneOf(location)) is { } authentication
            ? authentication.SecretKey is null
                ? throw new StagingException($"{location.Text}: the secret of {authentication.SecretId} cannot be decrypted: the installation has another key than when the job was submitted")
                : authentication
            : null;

    private static StorageScene SceneOf(StorageLocation location) => location.Scheme == StorageScheme.Cos ? StorageScene.Cos : StorageScene.S3;
}
