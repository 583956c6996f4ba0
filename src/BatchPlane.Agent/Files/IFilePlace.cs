namespace BatchPlane.Agent.Files;

/// <summary>A file below a directory.</summary>
/// <param name="Name">Path below the directory, with slashes, without a leading one.</param>
/// <param name="Size">Bytes.</param>
internal readonly record struct PlacedFile(string Name, long Size);

/// <summary>A directory somewhere: on a file system, in a bucket. Everything that goes wrong is a <see cref="StagingException"/>.</summary>
internal interface IFilePlace : IDisposable
{
    /// <summary>The directory, when it is one of the node.</summary>
    HeldDirectory? Directory { get; }

    /// <summary>Every file below it, in no order. A directory that is not there is an error; a bucket knows only files.</summary>
    /// <param name="into">Directory of the node that they are copied to, which may not be this one nor lie below it; null: none.</param>
    /// <param name="cancellation">Breaks it off.</param>
    IAsyncEnumerable<PlacedFile> ListAsync(HeldDirectory? into, CancellationToken cancellation);

    /// <summary>Copies one of its files to a directory, under the same name. The file is there whole or not at all.</summary>
    Task FetchAsync(PlacedFile file, HeldDirectory target, CancellationToken cancellation);

    /// <summary>Copies an opened file to a name below it; replaces what is there, which is either the old or the new file, whole.</summary>
    Task StoreAsync(FileStream file, string name, CancellationToken cancellation);
}
