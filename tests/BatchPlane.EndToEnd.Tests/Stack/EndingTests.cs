using System.Text.Json;
using BatchPlane.EndToEnd.Tests.Cli;

namespace BatchPlane.EndToEnd.Tests.Stack;

/// <summary>Ends and retries by users, with real processes.</summary>
public sealed class EndingTests(StackFixture stack) : IClassFixture<StackFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task TerminatedInstance_ItsProcessIsGoneAndTheOthersRunOn()
    {
        var (job, pids) = await RunningAsync("one-of-three", 3);

        await RunAsync("terminate", job, "loop", "1", "--reason", "stuck");
        await Eventually.TrueAsync(() => !IsAlive(pids[1]), Limit, () => $"process {pids[1]} lives; {stack.Output}");

        Assert.True(IsAlive(pids[0]) && IsAlive(pids[2]));
        await StateAsync(job, 1, "FAILED");
        var instance = (await InstancesAsync(job))[1];
        Assert.Equal(("terminated", "terminated by user:bootstrap: stuck"), (instance.GetProperty("cause").GetString(), instance.GetProperty("state_reason").GetString()));
        await RunAsync("terminate", job);
        await Eventually.TrueAsync(() => !IsAlive(pids[0]) && !IsAlive(pids[2]), Limit, () => $"processes {pids[0]} or {pids[2]} live; {stack.Output}");
    }

    [Fact]
    public async Task TerminatedTask_ItsProcessesAreGone()
    {
        var (job, pids) = await RunningAsync("whole-task", 2);

        await RunAsync("terminate", job, "loop", "--reason", "enough");

        await Eventually.TrueAsync(() => !pids.Exists(IsAlive), Limit, () => $"of {string.Join(' ', pids)} some live; {stack.Output}");
        var waited = await stack.RunAsync("wait", job);
        Assert.Equal(1, waited.ExitCode);
        Assert.All(await InstancesAsync(job), instance => Assert.Equal("terminated", instance.GetProperty("cause").GetString()));
    }

    [Fact]
    public async Task RetriedJob_RunsWhatFailedAgainAndSucceedsAndCanBeDeleted()
    {
        var marks = Directory.CreateTempSubdirectory("batchplane-retry-").FullName;
        var command = $"echo x >> {marks}/$BATCH_TASK_INSTANCE_INDEX; test $BATCH_TASK_INSTANCE_INDEX != 1 -o -e {marks}/fixed";
        var submitted = await stack.RunWithInputAsync(Job("flaky", command, 3, "then"), "submit", "-", "--wait");
        var job = submitted.Out.Split('\n')[0];
        Assert.Equal(1, submitted.ExitCode);

        await File.WriteAllTextAsync(Path.Combine(marks, "fixed"), "");
        var retried = await RunAsync("retry", job);
        var waited = await stack.RunAsync("wait", job);

        Assert.Contains("2 instances are tried again", retried.Out, StringComparison.Ordinal);
        Assert.True(waited.ExitCode == 0, waited.Out + waited.Error);
        Assert.Equal([1, 2, 1], Enumerable.Range(0, 3).Select(index => File.ReadAllLines(Path.Combine(marks, $"{index}")).Length));
        Assert.Equal([1, 2, 1], (await InstancesAsync(job, "flaky")).Select(instance => instance.GetProperty("attempt").GetInt32()));

        await RunAsync("delete", job);
        Assert.Equal(2, (await stack.RunAsync("job", job)).ExitCode);
        var outputs = Path.Combine(stack.Directory, "server", "outputs", job);
        await Eventually.TrueAsync(() => !Directory.Exists(outputs), Limit, () => $"{outputs} is there");
        Assert.Contains("JOB_DELETED", (await RunAsync("events", job)).Out, StringComparison.Ordinal);
        Directory.Delete(marks, recursive: true);
    }

    /// <summary>A job whose instances run until they are killed, and the process of each.</summary>
    private async Task<(string Job, List<int> Pids)> RunningAsync(string name, int instances)
    {
        var submitted = await stack.RunWithInputAsync(Job("loop", "echo $$; while :; do sleep 1; done", instances, name: name), "submit", "-");
        var job = submitted.Out.Trim();
        var pids = new List<int>();
        for (var index = 0; index < instances; index++)
        {
            CliRun? log = null;
            for (var look = 0; look < 300 && !int.TryParse(log?.Out, out _); look++)
            {
                await StateAsync(job, index, "RUNNING");
                log = await stack.RunAsync("logs", job, "loop", $"{index}");
            }

            pids.Add(int.Parse(log!.Out));
        }

        Assert.All(pids, pid => Assert.True(IsAlive(pid), $"process {pid} is not there"));
        return (job, pids);
    }

    private async Task StateAsync(string job, int index, string state)
    {
        var seen = "";
        for (var look = 0; look < 600 && seen != state; look++)
        {
            seen = (await InstancesAsync(job))[index].GetProperty("task_instance_state").GetString()!;
        }

        Assert.Equal(state, seen);
    }

    private async Task<List<JsonElement>> InstancesAsync(string job, string task = "loop")
    {
        using var document = JsonDocument.Parse((await RunAsync("instances", job, task, "-o", "json")).Out);
        return [.. document.RootElement.Clone().EnumerateArray()];
    }

    private async Task<CliRun> RunAsync(params string[] args)
    {
        var run = await stack.RunAsync(args);
        Assert.True(run.ExitCode == 0, $"{string.Join(' ', args)}: {run.Out}{run.Error}");
        return run;
    }

    /// <summary>False also for a process that has ended and is not reaped yet.</summary>
    private static bool IsAlive(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] != 'Z';
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException or IOException)
        {
            return false;
        }
    }

    private static string Job(string task, string command, int instances, string? then = null, string? name = null)
    {
        var quoted = JsonSerializer.Serialize(command);
        var second = then is null ? "" : $$""",{"task_name":"{{then}}","application":{"command":"true"} }""";
        var edges = then is null ? "" : $$""","dependences":[{"start_task":"{{task}}","end_task":"{{then}}"}]""";
        return $$"""{"job_name":"{{name ?? task}}","tasks":[{"task_name":"{{task}}","task_instance_num":{{instances}},"application":{"command":{{quoted}} } }{{second}}]{{edges}} }""";
    }
}
