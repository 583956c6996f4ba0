namespace BatchPlane.EndToEnd.Tests.Stack;

public sealed class DemoTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(150);
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("batchplane-demo-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Demo_SucceedsWithARightResultAndLeavesNoProcess()
    {
        File.SetUnixFileMode(_directory.FullName, (UnixFileMode)0b111_101_101);
        using var demo = BatchPlaneProcess.Start(_directory.FullName, "demo");

        var exitCode = await demo.ExitCodeAsync(Limit);

        Assert.True(exitCode == 0, demo.Output);
        Assert.Contains("JOB_SUCCEED", demo.Output, StringComparison.Ordinal);
        Assert.Contains("the same as sort and uniq say", demo.Output, StringComparison.Ordinal);
        Assert.Empty(StackFixture.Leftovers(_directory.FullName));
    }
}
