using System.Runtime.CompilerServices;
using System.Text.Json;

namespace BatchPlane.EndToEnd.Tests.Stack;

/// <summary>What a command posts, from its file to the API, the command line and a queue.</summary>
public sealed class ProgressTests(StackFixture stack) : IClassFixture<StackFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Example_QueueGetsWhatWasPostedInOrderAndEverySurfaceShowsIt()
    {
        await stack.RunAsync("topics", "create", "progress-message");
        await using var queue = await QueueReader.BindAsync(stack.Info.AmqpUrl, "progress-message", "task_instance.*");

        var run = await stack.RunAsync("submit", Repository("examples/progress/job.json"), "--wait");

        var job = run.Out.Split('\n')[0];
        Assert.True(run.ExitCode == 0, run.Out + run.Error);
        await Eventually.TrueAsync(
            () => queue.Messages.Any(message => message.RoutingKey == "task_instance.succeed"), Limit, () => $"{queue.Messages.Count} messages");
        AssertOrder([.. queue.Messages.DistinctBy(message => message.Id)]);
        Assert.Matches("RUNNING [2468]0%: steps RUNNING 0/1", run.Error);
        await AssertShownAsync(job);
    }

    private static void AssertOrder(QueueReader.Message[] messages)
    {
        Assert.Equal("task_instance.running", messages[0].RoutingKey);
        Assert.Equal("task_instance.succeed", messages[^1].RoutingKey);
        Assert.Equal([1, 2, 3, 4, 5], Of("task_instance.custom_event").Select(batch => batch.GetProperty("CustomEventData").GetProperty("step").GetInt32()));
        Assert.All(Of("task_instance.custom_event"), batch => Assert.Equal("checkpoint", batch.GetProperty("CustomEventName").GetString()));
        var percents = Of("task_instance.progress").Select(batch => batch.GetProperty("Progress").GetDouble()).ToArray();
        Assert.InRange(percents.Length, 2, 5);
        Assert.Equal(percents.Order().Distinct(), percents);
        Assert.Equal(100, percents[^1]);
        Assert.All(messages.Skip(1).SkipLast(1).Select(BatchOf), batch => Assert.Equal("RUNNING", batch.GetProperty("TaskInstanceState").GetString()));

        IEnumerable<JsonElement> Of(string routingKey) => messages.Where(message => message.RoutingKey == routingKey).Select(BatchOf);
    }

    private static JsonElement BatchOf(QueueReader.Message message) =>
        JsonDocument.Parse(message.Body).RootElement.GetProperty("Events")[0].GetProperty("Batch");

    private async Task AssertShownAsync(string job)
    {
        var instances = await stack.RunAsync("instances", job, "steps", "-o", "json");
        var progress = JsonDocument.Parse(instances.Out).RootElement[0].GetProperty("progress");
        Assert.Equal((100, "step 5 of 5", 5), (progress.GetProperty("percent").GetInt32(), progress.GetProperty("message").GetString(), progress.GetProperty("event_count").GetInt32()));
        Assert.True(progress.TryGetProperty("at", out _));
        Assert.Contains("100% step 5 of 5", (await stack.RunAsync("instances", job, "steps")).Out, StringComparison.Ordinal);
        Assert.Contains("checkpoint {\"step\":3}", (await stack.RunAsync("events", job)).Out, StringComparison.Ordinal);
        Assert.Matches("progress: +100%", (await stack.RunAsync("job", job)).Out);
    }

    private static string Repository(string relative, [CallerFilePath] string source = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "..", "..", "..", relative));
}
