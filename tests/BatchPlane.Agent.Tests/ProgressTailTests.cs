using System.Diagnostics;
using System.Text;
using BatchPlane.Agent.Progress;

namespace BatchPlane.Agent.Tests;

public sealed class ProgressTailTests : IDisposable, IProgressLines
{
    private const int MaxLineBytes = 100;

    private readonly string _directory = Directory.CreateTempSubdirectory("batchplane-progress-").FullName;
    private readonly List<string> _lines = [];
    private readonly List<string> _problems = [];
    private readonly ProgressTail _tail;

    public ProgressTailTests() => _tail = new ProgressTail(Path, MaxLineBytes);

    private string Path => System.IO.Path.Combine(_directory, "file");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    void IProgressLines.Line(ReadOnlySpan<byte> line) => _lines.Add(Encoding.UTF8.GetString(line));

    void IProgressLines.Bad(string problem) => _problems.Add(problem);

    [Fact]
    public void NoFile_IsNothing()
    {
        Look();

        Assert.False(_tail.IsFound);
        Assert.Empty(_lines.Concat(_problems));
    }

    [Fact]
    public void Appended_EachLineComesOnceAndWhole()
    {
        File.WriteAllText(Path, "one\ntw");
        Look();
        Assert.Equal(["one"], _lines);

        Look();
        File.AppendAllText(Path, "o\nthree\nfo");
        Look();
        Assert.Equal(["one", "two", "three"], _lines);

        Look(isLast: true);
        Assert.Equal(["one", "two", "three", "fo"], _lines);
        Assert.Empty(_problems);
    }

    /// <summary>What <c>echo 50 &gt; "$BATCH_PROGRESS_FILE"</c> does: shorter, of the same length, longer.</summary>
    [Fact]
    public void BegunAnew_IsReadFromItsBegin()
    {
        foreach (var text in new[] { "9\n", "10\n", "11\n", "5\n", "100 all\n" })
        {
            File.WriteAllText(Path, text);
            File.SetLastWriteTimeUtc(Path, DateTime.UnixEpoch.AddSeconds(_lines.Count));
            Look();
        }

        Assert.Equal(["9", "10", "11", "5", "100 all"], _lines);
    }

    [Fact]
    public void Replaced_IsReadFromItsBegin()
    {
        File.WriteAllText(Path, "1\n2\n");
        Look();

        File.WriteAllText(Path + ".new", "3\n4\n5\n");
        File.Move(Path + ".new", Path, overwrite: true);
        Look();

        Assert.Equal(["1", "2", "3", "4", "5"], _lines);
    }

    [Fact]
    public void LineOverTheLimit_IsOneProblemAndTheNextIsRead()
    {
        var tooLong = new string('x', MaxLineBytes);
        File.WriteAllText(Path, tooLong + "x");
        Look();
        File.AppendAllText(Path, tooLong + tooLong);
        Look();
        File.AppendAllText(Path, $"\nnext\n{tooLong}\n{tooLong}y\nlast");
        Look(isLast: true);

        Assert.Equal(["next", tooLong, "last"], _lines);
        Assert.Equal(2, _problems.Count);
        Assert.All(_problems, problem => Assert.Contains("more than 100 bytes", problem, StringComparison.Ordinal));
    }

    [Fact]
    public void TooMuchAtOnce_OnlyTheEndIsRead()
    {
        using (var file = File.CreateText(Path))
        {
            for (var n = 0; n < 300_000; n++)
            {
                file.Write($"{n:D6}\n");
            }
        }

        Look(isLast: true);

        Assert.Equal("299999", _lines[^1]);
        Assert.InRange(_lines.Count, 1, ProgressTail.MaxBytesAtOnce / 7);
        Assert.All(_lines, line => Assert.Equal(6, line.Length));
        Assert.Contains("bytes were skipped", Assert.Single(_problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mkfifo file")]
    [InlineData("mkdir file")]
    [InlineData("ln -s /dev/zero file")]
    [InlineData("ln -s /etc/passwd file")]
    [InlineData("ln -s file file")]
    public void NoPlainFile_IsNeitherReadNorWaitedFor(string command)
    {
        using (var made = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { WorkingDirectory = _directory })!)
        {
            made.WaitForExit();
        }

        Look();
        Look(isLast: true);

        Assert.Empty(_lines);
    }

    private void Look(bool isLast = false) => _tail.Look(this, isLast);
}
