namespace BatchPlane.Agent.Files;

/// <summary>A file below a directory.</summary>
/// <param name="Name">Path below the directory, with slashes, without a leading one.</param>
/// <param name="Size">Bytes.</param>
internal readonly record struct PlacedFile(string Name, long Size);

/// <summary>A directory somewhere: on a file system, in a bucket. Everything that goes wrong is a <see cref="StagingException"/>.</summary>
internal interface IFilePlace : IDisposable
{
    /// <summary>Every file below it, in no order. A directory that is not there is an error; a bucket knows only files.</summary>
    IAsyncEnumerable<PlacedFile> ListAsync(CancellationToken cancellation);

    /// <summary>Copies one of its files to a path of the node, whose directory exists. The file is there whole or not at all.</summary>
    Task FetchAsync(PlacedFile file, string path, CancellationToken cancellation);

    /// <summary>Copies a file of the node to a name below it; replaces what is there, which is either the old or the new file, whole.</summary>
    Task StoreAsync(string path, string name, CancellationToken cancellation);
}
