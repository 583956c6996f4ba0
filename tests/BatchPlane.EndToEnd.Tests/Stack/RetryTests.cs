using System.Runtime.CompilerServices;
using System.Text.Json;

namespace BatchPlane.EndToEnd.Tests.Stack;

/// <summary>Failures, waits and limits with real commands.</summary>
public sealed class RetryTests(StackFixture stack) : IClassFixture<StackFixture>
{
    [Fact]
    public async Task Example_RetriesAfterItsBackoffAndIgnoresWhatItSays()
    {
        var run = await stack.RunAsync("submit", Repository("examples/retries/job.json"), "--wait", "--timeout", "120");

        var job = run.Out.Split('\n')[0];
        Assert.True(run.ExitCode == 0, run.Out + run.Error + stack.Output);
        Assert.All(await InstancesAsync(job, "fetch"), instance => Assert.Equal((3, "SUCCEED", "succeeded"), instance));
        Assert.Equal((1, "SUCCEED", "failure_ignored"), Assert.Single(await InstancesAsync(job, "compare")));
        Assert.Equal("fetched by attempt 3\n", (await stack.RunAsync("logs", job, "fetch", "1")).Out);

        var rows = await EventsAsync(job);
        for (var index = 0; index < 3; index++)
        {
            var waits = Waits(rows, index);
            Assert.Equal(2, waits.Count);
            Assert.InRange(waits[0].TotalMilliseconds, 400, 10_000);
            Assert.InRange(waits[1].TotalMilliseconds, 800, 10_000);
        }
    }

    [Fact]
    public async Task JobThatOutlivesItsLimit_IsKilled()
    {
        const string Sleeping = """{"time_limit":1,"tasks":[{"task_name":"sleep","application":{"command":"sleep 1000"},"task_instance_num":20}]}""";

        var run = await stack.RunWithInputAsync(Sleeping, "submit", "-", "--wait", "--timeout", "60");

        var job = run.Out.Split('\n')[0];
        Assert.True(run.ExitCode == 1, run.Out + run.Error + stack.Output);
        Assert.Contains("the job's time limit of 1 s has passed", (await stack.RunAsync("job", job)).Out, StringComparison.Ordinal);
        Assert.All(await InstancesAsync(job, "sleep"), instance => Assert.Equal(("FAILED", "time_limit"), (instance.State, instance.Cause)));
    }

    private async Task<List<(int Attempt, string State, string Cause)>> InstancesAsync(string job, string task)
    {
        var run = await stack.RunAsync("instances", job, task, "-o", "json");
        using var document = JsonDocument.Parse(run.Out);
        return [.. document.RootElement.EnumerateArray().Select(instance => (
            instance.GetProperty("attempt").GetInt32(), instance.GetProperty("task_instance_state").GetString()!, instance.GetProperty("cause").GetString()!))];
    }

    private async Task<List<JsonElement>> EventsAsync(string job)
    {
        var run = await stack.RunAsync("events", job, "-o", "json");
        return [.. run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>How long after each failure of an instance its next attempt ran.</summary>
    private static List<TimeSpan> Waits(List<JsonElement> rows, int index)
    {
        var waits = new List<TimeSpan>();
        DateTimeOffset? failedAt = null;
        foreach (var row in rows.Where(row => IsAbout(row, index)))
        {
            var at = row.GetProperty("occurred_at").GetDateTimeOffset();
            if (row.GetProperty("state").GetString() == "RUNNABLE")
            {
                Assert.Contains("next attempt at", row.GetProperty("reason").GetString(), StringComparison.Ordinal);
                failedAt = at;
            }
            else if (row.GetProperty("state").GetString() == "RUNNING" && failedAt is { } failed)
            {
                waits.Add(at - failed);
                failedAt = null;
            }
        }

        return waits;
    }

    private static bool IsAbout(JsonElement row, int index) =>
        row.TryGetProperty("task_name", out var task)
        && task.GetString() == "fetch"
        && row.TryGetProperty("task_instance_index", out var first)
        && first.GetInt32() == index;

    private static string Repository(string relative, [CallerFilePath] string source = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "..", "..", "..", relative));
}
