using System.Diagnostics;
using BatchPlane.Cli.Dev;

namespace BatchPlane.EndToEnd.Tests.Cli;

public sealed class ProcessRecordTests : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("batchplane-cli-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task StopTree_EndsTheProcessAndWhatItStarted()
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "sleep 1000 & setsid sleep 1000 & echo up; wait"]) { RedirectStandardOutput = true })!;
        await shell.StandardOutput.ReadLineAsync();
        var record = ProcessRecord.Of(shell.Id)!;
        var below = ProcessTable.Descendants(shell.Id);

        await record.StopTreeAsync(Grace, TimeProvider.System);

        await shell.WaitForExitAsync();
        Assert.Equal(2, below.Count);
        Assert.False(record.IsRunning);
        await Eventually(() => below.All(entry => ProcessTable.Find(entry.Pid)?.Started != entry.Started));
    }

    [Fact]
    public async Task Stop_OneThatIgnoresSigtermIsKilled()
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "trap '' TERM; echo up; while :; do sleep 1000; done"]) { RedirectStandardOutput = true })!;
        await shell.StandardOutput.ReadLineAsync();
        var record = ProcessRecord.Of(shell.Id)!;

        await record.StopTreeAsync(TimeSpan.FromMilliseconds(50), TimeProvider.System);

        await shell.WaitForExitAsync();
        Assert.Equal(128 + 9, shell.ExitCode);
    }

    [Fact]
    public async Task RecordOfAnotherStart_IsNotRunningAndNotSignalled()
    {
        var reused = ProcessRecord.Of(Environment.ProcessId)! with { Started = 1 };

        await reused.StopTreeAsync(Grace, TimeProvider.System);

        Assert.False(reused.IsRunning);
    }

    [Fact]
    public void WriteAndRead_GivesTheSameInAFileOnlyItsOwnerReads()
    {
        var path = Path.Combine(_directory.FullName, "x.pid");
        var record = new ProcessRecord(123, 456_789);

        record.Write(path);

        Assert.Equal("""{"pid":123,"started":456789}""", File.ReadAllText(path));
        Assert.Equal(record, ProcessRecord.Read(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"pid\": 12")]
    public void TornRecord_ReadsAsNone(string content)
    {
        var path = Path.Combine(_directory.FullName, "x.pid");
        File.WriteAllText(path, content);

        Assert.Null(ProcessRecord.Read(path));
    }

    private static async Task Eventually(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!condition())
        {
            await Task.Delay(10, limit.Token);
        }
    }
}
