using System.Runtime.InteropServices;
using BatchPlane.Agent.Executors;
using Microsoft.Win32.SafeHandles;

namespace BatchPlane.Agent.Files;

/// <summary>
/// A directory that is held open. Everything below it is reached from it, name by name, and no symbolic link is followed, so that nobody who may write
/// there leads the agent elsewhere, also not while it looks. What goes wrong is a <see cref="StagingException"/> with the path.
/// </summary>
internal sealed class HeldDirectory : IDisposable
{
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly SafeFileHandle _handle;

    private HeldDirectory(SafeFileHandle handle, string path)
    {
        _handle = handle;
        Path = path;
    }

    /// <summary>Its path, for people.</summary>
    internal string Path { get; }

    /// <summary>Which directory it is.</summary>
    internal FileIdentity Identity => (FileCalls.FactsOf(_handle) ?? throw Failed(Path)).Identity;

    /// <summary>Opens a directory of the node by a path that can be trusted: links in it are followed.</summary>
    /// <param name="path">Its absolute path.</param>
    /// <param name="makes">True: it is made when missing.</param>
    internal static HeldDirectory Open(string path, bool makes = false)
    {
        try
        {
            if (makes)
            {
                Directory.CreateDirectory(path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StagingException(e.Message, e);
        }

        return new(FileCalls.OpenDirectory(path) ?? throw Failed(path), path);
    }

    /// <summary>Opens a regular file of the node to read it, by a path that can be trusted: links in it are followed.</summary>
    internal static FileStream OpenNodeFile(string path)
    {
        using var found = FileCalls.Find(path) ?? throw Failed(path, "file");
        return Opened(found, path);
    }

    /// <summary>Opens a directory below it.</summary>
    /// <param name="below">Names with slashes between them; empty: itself.</param>
    /// <param name="makes">True: what is missing on the way is made.</param>
    internal HeldDirectory Descend(string below, bool makes = false)
    {
        var held = Child(".", makes: false);
        foreach (var name in Names(below))
        {
            using var parent = held;
            held = parent.Child(name, makes);
        }

        return held;
    }

    /// <summary>Names in it, in no order.</summary>
    internal List<string> List()
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(FileCalls.PathOf(_handle), "*", Everything).Select(path => System.IO.Path.GetFileName(path))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StagingException($"{Path}: {e.Message}", e);
        }
    }

    /// <summary>Facts of a name in it; null when there is none any more.</summary>
    internal FileFacts? FactsOf(string name)
    {
        using var found = FileCalls.Find(_handle, name);
        if (found is null && Marshal.GetLastPInvokeError() == Native.Enoent)
        {
            return null;
        }

        return found is null || FileCalls.FactsOf(found) is not { } facts ? throw Failed(PathOf(name)) : facts;
    }

    /// <summary>Opens a regular file in it, or below it, to read it.</summary>
    /// <param name="below">Names with slashes between them.</param>
    internal FileStream OpenFile(string below)
    {
        var (directory, name) = Split(below);
        using var parent = Descend(directory);
        using var found = FileCalls.Find(parent._handle, name) ?? throw Failed(parent.PathOf(name), "file");
        return Opened(found, parent.PathOf(name));
    }

    /// <summary>Makes a file in it, which is not there, to write it.</summary>
    internal FileStream Create(string name) => new(FileCalls.Create(_handle, name) ?? throw Failed(PathOf(name)), FileAccess.Write, bufferSize: 0);

    /// <summary>Gives a file in it another name, in place of what has that name.</summary>
    internal void Rename(string from, string to)
    {
        if (!FileCalls.Rename(_handle, from, to))
        {
            throw Failed(PathOf(to));
        }
    }

    /// <summary>Removes a file in it, if it is there and may be removed.</summary>
    internal void TryRemove(string name) => _ = FileCalls.Remove(_handle, name);

    /// <summary>Path of a name in it, for people.</summary>
    internal string PathOf(string name) => name == "." ? Path : $"{Path.TrimEnd('/')}/{name}";

    /// <summary>The names of a path; none may lead up.</summary>
    internal static IEnumerable<string> Names(string path)
    {
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (name == ".." || name.Contains('\0', StringComparison.Ordinal))
            {
                throw new StagingException($"{path}: '..' is not allowed in it");
            }

            if (name != ".")
            {
                yield return name;
            }
        }
    }

    /// <summary>The directory of a path, and the name in it.</summary>
    internal static (string Directory, string Name) Split(string path)
    {
        var slash = path.LastIndexOf('/');
        return slash < 0 ? ("", path) : (path[..slash], path[(slash + 1)..]);
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    /// <summary>Opens a directory in it.</summary>
    internal HeldDirectory Child(string name, bool makes)
    {
        var opened = FileCalls.OpenDirectory(_handle, name);
        if (opened is null && makes && Marshal.GetLastPInvokeError() == Native.Enoent)
        {
            // Another attempt may make it at the same time.
            opened = FileCalls.MakeDirectory(_handle, name) || Marshal.GetLastPInvokeError() == Native.Eexist ? FileCalls.OpenDirectory(_handle, name) : null;
        }

        return opened is null ? throw NotOpened(name) : new(opened, PathOf(name));
    }

    private StagingException NotOpened(string name)
    {
        var failed = Failed(PathOf(name));
        using var found = FileCalls.Find(_handle, name);
        return found is not null && FileCalls.FactsOf(found) is { Kind: FileKind.Link } ? Link(PathOf(name)) : failed;
    }

    private static FileStream Opened(SafeFileHandle found, string path) => FileCalls.FactsOf(found)?.Kind switch
    {
        FileKind.File => new(FileCalls.OpenFound(found) ?? throw Failed(path), FileAccess.Read, bufferSize: 0),
        FileKind.Link => throw Link(path),
        null => throw Failed(path),
        _ => throw NoFile(path),
    };

    /// <summary>Refuses a link.</summary>
    internal static StagingException Link(string path) => new($"{path} is a symbolic link; links are not followed");

    /// <summary>Refuses a pipe, a device, or a directory where a file has to be.</summary>
    internal static StagingException NoFile(string path) => new($"{path} is no file");

    private static StagingException Failed(string path, string what = "directory")
    {
        var error = Marshal.GetLastPInvokeError();
        return new(error == Native.Enoent ? $"there is no {what} {path}" : $"{path}: {Native.Describe(error)}");
    }
}
