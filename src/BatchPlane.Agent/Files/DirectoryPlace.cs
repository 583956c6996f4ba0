namespace BatchPlane.Agent.Files;

/// <summary>
/// A directory of a file system. Symbolic links, pipes and devices in it are refused: they mean something else elsewhere, and could show files that are none of the job's.
/// </summary>
/// <param name="root">The directory, which it takes over.</param>
/// <param name="maxDepth">Most directories below each other.</param>
/// <param name="copy">Copies.</param>
internal sealed class DirectoryPlace(HeldDirectory root, int maxDepth, FileCopy copy) : IFilePlace
{
    /// <inheritdoc/>
    public HeldDirectory Directory => root;

    /// <inheritdoc/>
    public IAsyncEnumerable<PlacedFile> ListAsync(HeldDirectory? into, CancellationToken cancellation)
    {
        Refuse(root.Identity, into);
        return Files(root, "", maxDepth, into).ToAsyncEnumerable();
    }

    /// <inheritdoc/>
    public Task FetchAsync(PlacedFile file, HeldDirectory target, CancellationToken cancellation) => ExplainedAsync(root.PathOf(file.Name), async () =>
    {
        await using var content = root.OpenFile(file.Name);
        await copy.FileAsync(content, target, file.Name, cancellation);
    });

    /// <inheritdoc/>
    public Task StoreAsync(FileStream file, string name, CancellationToken cancellation) => ExplainedAsync(root.PathOf(name), () => copy.FileAsync(file, root, name, cancellation));

    /// <inheritdoc/>
    public void Dispose() => root.Dispose();

    // What fails says of which path.
    private static async Task ExplainedAsync(string path, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or StagingException)
        {
            throw e.Message.Contains(path, StringComparison.Ordinal) ? new StagingException(e.Message, e) : new StagingException($"{path}: {e.Message}", e);
        }
    }

    private static IEnumerable<PlacedFile> Files(HeldDirectory directory, string below, int depthLeft, HeldDirectory? into)
    {
        foreach (var entry in directory.List().Where(entry => !PartialFiles.Is(entry)))
        {
            // What is gone meanwhile was somebody's file for a moment.
            if (directory.FactsOf(entry) is not { } facts)
            {
                continue;
            }

            switch (facts.Kind)
            {
                case FileKind.File:
                    yield return new(below + entry, facts.Size);
                    break;
                case FileKind.Directory:
                    Refuse(facts.Identity, into);
                    using (var child = directory.Child(entry, makes: false))
                    {
                        foreach (var file in Files(depthLeft > 1 ? child : throw new StagingException($"{child.Path} lies too deep"), $"{below}{entry}/", depthLeft - 1, into))
                        {
                            yield return file;
                        }
                    }

                    break;
                case FileKind.Link:
                    throw HeldDirectory.Link(directory.PathOf(entry));
                default:
                    throw HeldDirectory.NoFile(directory.PathOf(entry));
            }
        }
    }

    // Copies would be copied again, deeper and deeper.
    private static void Refuse(FileIdentity directory, HeldDirectory? into)
    {
        if (into is not null && into.Identity == directory)
        {
            throw new StagingException($"the destination {into.Path} is the source or lies below it");
        }
    }
}
