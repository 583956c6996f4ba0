using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using BatchPlane.Agent.Files;

namespace BatchPlane.Agent.Tests.Files;

/// <summary>What packages may hold, and that nothing of them gets out of their directory.</summary>
public sealed class ArchiveTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("batchplane-archive-").FullName;

    private string Root => Directory.CreateDirectory(Path.Combine(_parent, "root")).FullName;

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    [Theory]
    [InlineData(".tar")]
    [InlineData(".tgz")]
    [InlineData(".tar.gz")]
    [InlineData(".zip")]
    public async Task Archive_IsUnpackedWithDirectoriesModesAndLinks(string ending)
    {
        await UnpackAsync(
            ending,
            Directory_("bin/"),
            File_("bin/run.sh", "#!/bin/sh\n", 0b111_101_101),
            File_("deep/er/text", "x"),
            Link("bin/latest", "../deep/er/text"),
            File_("deep/er/text", "newer"));

        Assert.Equal("newer", await File.ReadAllTextAsync(Path.Combine(Root, "bin/latest")));
        Assert.True(File.GetUnixFileMode(Path.Combine(Root, "bin/run.sh")).HasFlag(UnixFileMode.UserExecute));
    }

    public static TheoryData<string, string> Escapes => new()
    {
        { "absolute", "climbs out" },
        { "dots", "climbs out" },
        { "dots inside", "climbs out" },
        { "link up", "outside of its directory" },
        { "link absolute", "outside of its directory" },
        { "link down and up", "outside of its directory" },
        { "below a link", "lies below a link" },
        { "hard link up", "climbs out" },
        { "hard link through a link", "no file before it" },
        { "device", "no file, directory or link" },
        { "pipe", "no file, directory or link" },
        { "many", "more than 10 entries" },
        { "many parents", "more than 10 entries" },
        { "long name", "too large" },
        { "large attributes", "too large" },
        { "large", "larger than 1000000 bytes" },
    };

    [Theory]
    [MemberData(nameof(Escapes))]
    public async Task WhatClimbsOutOrIsTooMuch_IsRefused(string what, string reason)
    {
        var secret = Path.Combine(_parent, "secret");
        await File.WriteAllTextAsync(secret, "secret");
        TarEntry[] entries = what switch
        {
            "absolute" => [File_(secret, "x")],
            "dots" => [File_("../secret", "x")],
            "dots inside" => [File_("a/../../secret", "x")],
            "link up" => [Link("a", "../secret")],
            "link absolute" => [Link("a", secret)],
            "link down and up" => [Link("down/up", ".."), Link("out", "down/up/../secret")],
            "below a link" => [Directory_("d"), Link("a", "d"), File_("a/x", "x")],
            "hard link up" => [Hard("a", "../secret")],
            "hard link through a link" => [Link("a", "b"), Hard("c", "a")],
            "device" => [new PaxTarEntry(TarEntryType.CharacterDevice, "null") { DeviceMajor = 1, DeviceMinor = 3 }],
            "pipe" => [new PaxTarEntry(TarEntryType.Fifo, "pipe")],
            "many parents" => [File_("a/b/c/d/e/x", ""), File_("f/g/h/i/x", "")],
            "long name" => [new GnuTarEntry(TarEntryType.RegularFile, new string('n', 1_100_000))],
            "large attributes" => [new PaxTarEntry(TarEntryType.RegularFile, "a", [new("comment", new string('c', 1_100_000))])],
            "many" => [.. Enumerable.Range(0, 11).Select(i => File_($"{i}", ""))],
            _ => [File_("bomb", new string('0', 1_000_001))],
        };

        var refused = await Assert.ThrowsAsync<StagingException>(() => UnpackAsync(".tgz", entries));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Equal("secret", await File.ReadAllTextAsync(secret));
        Assert.Equal(["root", "secret"], Directory.EnumerateFileSystemEntries(_parent).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData((byte)'x')]
    [InlineData((byte)'g')]
    [InlineData((byte)'L')]
    public async Task HeaderThatAnnouncesMoreThanMemory_IsRefusedBeforeRoomIsMade(byte kind)
    {
        // 1 GiB, of which nothing comes.
        var header = new byte[1_024];
        "bomb"u8.CopyTo(header);
        "10000000000"u8.CopyTo(header.AsSpan(124));
        header[156] = kind;
        "ustar\u000000"u8.CopyTo(header.AsSpan(257));
        header.AsSpan(148, 8).Fill((byte)' ');
        var sum = header.Take(512).Sum(value => value);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header.AsSpan(148));
        using var archive = new MemoryStream(header);
        var before = GC.GetTotalAllocatedBytes();

        var refused = await Assert.ThrowsAsync<StagingException>(() => Archive.UnpackAsync(archive, ".tar", Tree(), CancellationToken.None));

        Assert.Contains("too large", refused.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 1L << 29);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ZipWithMoreEntriesThanItSays_IsRefusedBeforeItsDirectoryIsLoaded(bool isLarge)
    {
        using var archive = new MemoryStream();
        using (var zip = new ZipArchive(archive, ZipArchiveMode.Create, leaveOpen: true))
        {
            for (var i = 0; i < (isLarge ? 70_000 : 11); i++)
            {
                zip.CreateEntry($"{i}/");
            }
        }

        // The record at the end, without a comment, says one entry; that for large archives, 76 bytes in front of it, too.
        var bytes = archive.ToArray();
        bytes[^12] = bytes[^14] = 1;
        bytes[^11] = bytes[^13] = 0;
        using var forged = new MemoryStream(bytes);

        var refused = await Assert.ThrowsAsync<StagingException>(() => Archive.UnpackAsync(forged, ".zip", Tree(), CancellationToken.None));

        Assert.Contains("more than 10 entries", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../secret", "climbs out")]
    [InlineData("/secret", "climbs out")]
    [InlineData("a\\..\\..\\secret", "backslash")]
    public async Task ZipThatClimbsOut_IsRefused(string name, string reason)
    {
        using var archive = new MemoryStream();
        using (var zip = new ZipArchive(archive, ZipArchiveMode.Create, leaveOpen: true))
        {
            zip.CreateEntry(name);
        }

        archive.Position = 0;
        var refused = await Assert.ThrowsAsync<StagingException>(() => Archive.UnpackAsync(archive, ".zip", Tree(), CancellationToken.None));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".tgz")]
    [InlineData(".tar")]
    [InlineData(".zip")]
    public async Task WhatIsNoArchive_IsSaidToBeNone(string ending)
    {
        using var text = new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("<html>not found</html>", 100))));

        var refused = await Assert.ThrowsAsync<StagingException>(() => Archive.UnpackAsync(text, ending, Tree(), CancellationToken.None));

        Assert.Contains($"no whole {ending} archive", refused.Message, StringComparison.Ordinal);
    }

    private SafeTree Tree() => new(Root, maxEntries: 10, maxBytes: 1_000_000);

    private async Task UnpackAsync(string ending, params TarEntry[] entries)
    {
        using var archive = new MemoryStream();
        if (ending == ".zip")
        {
            WriteZip(archive, entries);
        }
        else
        {
            await WriteTarAsync(archive, isCompressed: ending != ".tar", entries);
        }

        archive.Position = 0;
        await Archive.UnpackAsync(archive, ending, Tree(), CancellationToken.None);
    }

    private static async Task WriteTarAsync(MemoryStream archive, bool isCompressed, TarEntry[] entries)
    {
        await using var compressed = isCompressed ? new GZipStream(archive, CompressionLevel.Fastest, leaveOpen: true) : null;
        await using var tar = new TarWriter((Stream?)compressed ?? archive, TarEntryFormat.Pax, leaveOpen: true);
        foreach (var entry in entries)
        {
            await tar.WriteEntryAsync(entry);
        }
    }

    private static void WriteZip(MemoryStream archive, TarEntry[] entries)
    {
        using var zip = new ZipArchive(archive, ZipArchiveMode.Create, leaveOpen: true);
        foreach (var entry in entries)
        {
            var kind = entry.EntryType switch { TarEntryType.SymbolicLink => 0xA000, TarEntryType.Directory => 0x4000, _ => 0x8000 };
            var made = zip.CreateEntry(entry.Name);
            made.ExternalAttributes = (kind | (int)entry.Mode) << 16;
            using var content = made.Open();
            if (entry.EntryType == TarEntryType.SymbolicLink)
            {
                content.Write(Encoding.UTF8.GetBytes(entry.LinkName));
            }

            entry.DataStream?.CopyTo(content);
        }
    }

    private static PaxTarEntry File_(string name, string text, int mode = 0b110_100_100) =>
        new(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)), Mode = (UnixFileMode)mode };

    private static PaxTarEntry Directory_(string name) => new(TarEntryType.Directory, name);

    private static PaxTarEntry Link(string name, string target) => new(TarEntryType.SymbolicLink, name) { LinkName = target };

    private static PaxTarEntry Hard(string name, string target) => new(TarEntryType.HardLink, name) { LinkName = target };
}
