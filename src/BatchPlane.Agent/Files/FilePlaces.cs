using BatchPlane.Contracts;

namespace BatchPlane.Agent.Files;

/// <summary>Opens places of files for one attempt, with its credentials.</summary>
internal sealed class FilePlaces(StagingOptions options, NodeRoots roots, RunSpec run, FileCopy copy)
{
    private readonly FileSpec _files = run.Files!;

    /// <summary>The directory that a validated text names.</summary>
    /// <param name="text">The text, with a scheme.</param>
    /// <param name="makes">True: a directory of the node is made when missing.</param>
    internal IFilePlace OpenDirectory(string text, bool makes)
    {
        var (location, problem) = StorageLocation.ParseDirectory(text);
        if (location is null)
        {
            throw new StagingException($"{text}: {problem}");
        }

        if (location.Scheme == StorageScheme.File)
        {
            return OpenNode(location.Path, makes);
        }

        var (connection, bucket) = options.ConnectionOf(location, AuthenticationOf(_files, location));
        return new BucketPlace(location, connection, bucket, _files.OutputMappingConfigs.FirstOrDefault(config => config.Scene == SceneOf(location)), copy);
    }

    /// <summary>A directory of the node that the task names.</summary>
    internal DirectoryPlace OpenNode(string path, bool makes) => new(roots.Open(run, path, makes), options.MaxDepth, copy);

    /// <summary>A directory in or below the working directory, where commands may have made links to anywhere.</summary>
    internal DirectoryPlace OpenWork(string workingDirectory, string below, bool makes)
    {
        using var held = HeldDirectory.Open(workingDirectory);
        return new(held.Descend(below, makes), options.MaxDepth, copy);
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
