using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace BatchPlane.EndToEnd.Tests.Stack;

/// <summary>Files and followed outputs with real commands.</summary>
public sealed class FileTests(StackFixture stack) : IClassFixture<StackFixture>
{
    private const int Lines = 60;

    [Fact]
    public async Task Example_RunsItsPackageOnItsInputsAndStoresItsOutputs()
    {
        var place = Path.Combine(Path.GetDirectoryName(stack.Directory)!, "example");
        using (var prepare = Process.Start(Repository("examples/files/prepare.sh"), [place]))
        {
            await prepare.WaitForExitAsync();
        }

        var job = (await File.ReadAllTextAsync(Repository("examples/files/job.json"))).Replace("/tmp/batchplane-files", place, StringComparison.Ordinal);
        var run = await stack.RunWithInputAsync(job, "submit", "-", "--wait", "--timeout", "120");

        Assert.True(run.ExitCode == 0, run.Out + run.Error + stack.Output);
        Assert.Equal("counted 3 words\n", (await stack.RunAsync("logs", run.Out.Split('\n')[0], "count", "0")).Out);
        Assert.Equal("counted 3 words\n", await File.ReadAllTextAsync(Path.Combine(place, "logs", "count.0.log")));
        Assert.Equal(["1 milk", "2 tea"], (await File.ReadAllLinesAsync(Path.Combine(place, "out", "counts.txt"))).Select(line => line.Trim()));
    }

    [Theory]
    [InlineData("""{"delivery_form":"PACKAGE","package_path":"file:///nowhere/p.zip","command":"true"}""", "", "package_failed", "there is no file")]
    [InlineData("""{"command":"true"}""", """, "input_mappings":[{"source_path":"file:///nowhere/","destination_path":"in/"}]""", "input_failed", "there is no directory /nowhere")]
    [InlineData("""{"command":"true"}""", """, "output_mappings":[{"source_path":"out/","destination_path":"file:///tmp/none/"}]""", "output_failed", "there is no directory")]
    public async Task FilesThatCannotBeMoved_FailTheInstanceWithTheirCause(string application, string more, string cause, string reason)
    {
        var run = await stack.RunWithInputAsync($$"""{"tasks":[{"application":{{application}}{{more}} } ] }""", "submit", "-", "--wait", "--timeout", "60");

        Assert.True(run.ExitCode == 1, run.Out + run.Error + stack.Output);
        using var instances = JsonDocument.Parse((await stack.RunAsync("instances", run.Out.Split('\n')[0], "task", "-o", "json")).Out);
        var instance = Assert.Single(instances.RootElement.EnumerateArray());
        Assert.Equal(("FAILED", cause), (instance.GetProperty("task_instance_state").GetString(), instance.GetProperty("cause").GetString()));
        Assert.Contains(reason, instance.GetProperty("state_reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FollowedOutput_IsWholeAlthoughTheServerDiesMeanwhile()
    {
        var job = (await stack.RunWithInputAsync(
            $$"""{"tasks":[{"application":{"command":"for i in $(seq {{Lines}}); do echo line $i; sleep 0.15; done"} } ] }""", "submit", "-")).Out.Trim();

        var following = stack.RunAsync("logs", job, "task", "0", "--follow");
        var (begin, last) = (Stopwatch.GetTimestamp(), "");
        while (last.Length == 0)
        {
            Assert.True(Stopwatch.GetElapsedTime(begin) < TimeSpan.FromSeconds(60), stack.Output);
            last = await TailAsync(job);
        }

        using (var server = Process.GetProcessById(stack.ServerPid))
        {
            server.Kill();
        }

        var followed = await following.WaitAsync(TimeSpan.FromSeconds(120));
        Assert.True(followed.ExitCode == 0, followed.Error);
        Assert.Equal(string.Concat(Enumerable.Range(1, Lines).Select(number => $"line {number}\n")), followed.Out);
        Assert.Equal($"line {Lines}\n", await TailAsync(job));
    }

    private async Task<string> TailAsync(string job) => (await stack.RunAsync("logs", job, "task", "0", "--tail", "1")).Out;

    private static string Repository(string path, [CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "..", path));
}
