using BatchPlane.Agent.Hosts;

namespace BatchPlane.Agent.Files;

/// <summary>
/// A directory of a file system. Symbolic links and devices in it are refused: they mean something else elsewhere, and could show
/// files that are none of the job's.
/// </summary>
internal sealed class DirectoryPlace(string root, FileCopy copy) : IFilePlace
{
    private const int FileKind = 0xF000; // S_IFMT
    private const int RegularFile = 0x8000; // S_IFREG

    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    /// <inheritdoc/>
    public IAsyncEnumerable<PlacedFile> ListAsync(CancellationToken cancellation) => Files(new DirectoryInfo(root), "").ToAsyncEnumerable();

    /// <inheritdoc/>
    public Task FetchAsync(PlacedFile file, string path, CancellationToken cancellation) =>
        Explained(Path.Combine(root, file.Name), () => copy.FileAsync(Path.Combine(root, file.Name), path, cancellation));

    /// <inheritdoc/>
    public Task StoreAsync(string path, string name, CancellationToken cancellation)
    {
        var target = Path.Combine(root, name);
        return Explained(target, () =>
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            return copy.FileAsync(path, target, cancellation);
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    /// <summary>Runs file operations; what fails says of which path.</summary>
    internal static async Task Explained(string path, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StagingException(e.Message.Contains(path, StringComparison.Ordinal) ? e.Message : $"{path}: {e.Message}", e);
        }
        catch (StagingException e)
        {
            throw new StagingException($"{path}: {e.Message}", e);
        }
    }

    private static IEnumerable<PlacedFile> Files(DirectoryInfo directory, string below)
    {
        foreach (var entry in Entries(directory))
        {
            var name = below + entry.Name;
            switch (entry)
            {
                case { LinkTarget: not null }:
                    throw new StagingException($"{entry.FullName} is a symbolic link; links are not copied");
                case DirectoryInfo child:
                    foreach (var file in Files(child, name + "/"))
                    {
                        yield return file;
                    }

                    break;
                case FileInfo file when IsRegular(file):
                    yield return new(name, file.Length);
                    break;
                default:
                    throw new StagingException($"{entry.FullName} is no file");
            }
        }
    }

    private static List<FileSystemInfo> Entries(DirectoryInfo directory)
    {
        try
        {
            return [.. directory.EnumerateFileSystemInfos("*", Everything)];
        }
        catch (DirectoryNotFoundException e)
        {
            throw new StagingException($"there is no directory {directory.FullName}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StagingException(e.Message, e);
        }
    }

    // A pipe would be waited for without end.
    private static bool IsRegular(FileInfo file) => DirectoryStamp.Of(file.FullName) is not { } stamp || (stamp.Mode & FileKind) == RegularFile;
}
