using System.Formats.Tar;
using System.IO.Compression;

namespace BatchPlane.Agent.Files;

/// <summary>Unpacks archives of the kinds that packages may have.</summary>
internal static class Archive
{
    private const int UnixModeShift = 16;
    private const int FileKind = 0xF000; // S_IFMT
    private const int SymbolicLink = 0xA000; // S_IFLNK
    private const int RegularFile = 0x8000; // S_IFREG
    private const int Directory = 0x4000; // S_IFDIR
    private const int MaxTargetBytes = 4_096;

    // What stands in front of an entry of a tar archive: its names and attributes, which the reader keeps in memory.
    private const int MaxHeaderBytes = 1024 * 1024;

    private const UnixFileMode PlainFile = (UnixFileMode)0x1A4; // 0644

    /// <summary>Unpacks a stream that can seek. What is wrong with the archive is a <see cref="StagingException"/>.</summary>
    /// <param name="archive">All of it.</param>
    /// <param name="ending">One of <see cref="Contracts.StorageLocation.ArchiveEndings"/>.</param>
    /// <param name="tree">Where to.</param>
    /// <param name="cancellation">Ends it half-way.</param>
    internal static async Task UnpackAsync(Stream archive, string ending, SafeTree tree, CancellationToken cancellation)
    {
        try
        {
            switch (ending)
            {
                case ".zip":
                    await UnpackZipAsync(archive, tree, cancellation);
                    break;
                case ".tar":
                    await UnpackTarAsync(archive, tree, cancellation);
                    break;
                default:
                    await using (var plain = new GZipStream(archive, CompressionMode.Decompress, leaveOpen: true))
                    {
                        await UnpackTarAsync(plain, tree, cancellation);
                    }

                    break;
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new StagingException($"it is no whole {ending} archive: {e.Message}", e);
        }
    }

    private static async Task UnpackTarAsync(Stream archive, SafeTree tree, CancellationToken cancellation)
    {
        await using var metered = new HeaderMeter(archive);
        await using var reader = new TarReader(metered, leaveOpen: true);
        while (true)
        {
            metered.Allow(MaxHeaderBytes);
            var entry = await reader.GetNextEntryAsync(copyData: false, cancellation);
            metered.AllowAll();
            if (entry is null)
            {
                break;
            }

            switch (entry.EntryType)
            {
                case TarEntryType.Directory or TarEntryType.DirectoryList:
                    tree.AddDirectory(entry.Name);
                    break;
                case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                    await tree.AddFileAsync(entry.Name, entry.DataStream ?? Stream.Null, entry.Mode, cancellation);
                    break;
                case TarEntryType.SymbolicLink:
                    tree.AddLink(entry.Name, entry.LinkName);
                    break;
                case TarEntryType.HardLink:
                    await tree.AddCopyAsync(entry.Name, entry.LinkName, cancellation);
                    break;
                case TarEntryType.GlobalExtendedAttributes:
                    break;
                default:
                    throw new StagingException($"the entry '{entry.Name}' is no file, directory or link but {entry.EntryType}");
            }
        }
    }

    private static async Task UnpackZipAsync(Stream archive, SafeTree tree, CancellationToken cancellation)
    {
        await ZipDirectory.CheckAsync(archive, tree.MaxEntries, cancellation);
        await using var metered = new HeaderMeter(archive);
        metered.Allow(ZipDirectory.MaxBytes(tree.MaxEntries) + MaxHeaderBytes);
        await using var zip = await ZipArchive.CreateAsync(metered, ZipArchiveMode.Read, leaveOpen: true, entryNameEncoding: null, cancellation);
        var entries = zip.Entries;
        metered.AllowAll();
        foreach (var entry in entries)
        {
            cancellation.ThrowIfCancellationRequested();
            var mode = entry.ExternalAttributes >>> UnixModeShift;
            if (entry.FullName.Contains('\\', StringComparison.Ordinal))
            {
                throw new StagingException($"the entry '{entry.FullName}' has a backslash in its name");
            }

            switch (mode & FileKind)
            {
                case SymbolicLink:
                    tree.AddLink(entry.FullName, await TargetOfAsync(entry, cancellation));
                    break;
                case RegularFile or Directory or 0 when entry.FullName.EndsWith('/'):
                    tree.AddDirectory(entry.FullName);
                    break;
                case RegularFile or 0:
                    await using (var content = await entry.OpenAsync(cancellation))
                    {
                        await tree.AddFileAsync(entry.FullName, content, (mode & (int)FileModes.Permissions) == 0 ? PlainFile : (UnixFileMode)(mode & (int)FileModes.Permissions), cancellation);
                    }

                    break;
                default:
                    throw new StagingException($"the entry '{entry.FullName}' is no file, directory or link");
            }
        }
    }

    private static async Task<string> TargetOfAsync(ZipArchiveEntry entry, CancellationToken cancellation)
    {
        await using var content = await entry.OpenAsync(cancellation);
        var target = new byte[MaxTargetBytes];
        var length = await content.ReadAtLeastAsync(target, target.Length, throwOnEndOfStream: false, cancellation);
        return length == target.Length
            ? throw new StagingException($"the link '{entry.FullName}' has no end")
            : System.Text.Encoding.UTF8.GetString(target, 0, length);
    }
}
