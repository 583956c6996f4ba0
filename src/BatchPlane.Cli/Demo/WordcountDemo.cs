using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using BatchPlane.Cli.Connections;
using BatchPlane.Cli.Jobs;
using BatchPlane.Cli.Output;
using BatchPlane.Cli.Topics;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Demo;

/// <summary>
/// Submits <c>examples/wordcount/job.json</c> and holds it against two independent witnesses: the queue must deliver every
/// event that the journal says was asked for, and the result must equal what <c>sort | uniq -c</c> says.
/// </summary>
internal sealed class WordcountDemo(DevInfo stack, CliContext context, IProgress<string> say)
{
    private const string Topic = "job-message";
    private const string Queue = "batchplane-demo";
    private const string Binding = "#";
    private const string LastTask = "merge";
    private const int LinesShown = 10;
    private const int JournalPage = 1_000;
    private static readonly TimeSpan JobLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan EventsLimit = TimeSpan.FromSeconds(30);

    /// <summary>Runs it; true when the job succeeded, all its events arrived, its last one among them, and the result is right.</summary>
    internal async Task<bool> RunAsync(CancellationToken cancellation)
    {
        using var api = new ApiClient(new Connection(new Uri(stack.HttpUrl + "/"), stack.ApiKey));
        say.Report($"REST API at {stack.HttpUrl}");
        await DeclareAsync(api, cancellation);
        await using var consumer = await TopicConsumer.ConnectAsync(stack.AmqpUrl, say, cancellation);
        var jobId = await SubmitAsync(api, cancellation);
        await consumer.ConsumeAsync(Queue, jobId, cancellation);
        var job = await WatchAsync(api, jobId, cancellation);
        var complete = await EventsArrivedAsync(api, consumer, jobId, cancellation);
        if (job.JobState != RunState.Succeed)
        {
            say.Report($"{jobId} is {Show.Word(job.JobState)}: {job.StateReason}");
            return false;
        }

        return await ResultIsRightAsync(api, jobId, cancellation) && complete;
    }

    private async Task DeclareAsync(ApiClient api, CancellationToken cancellation)
    {
        var topic = await FindTopicAsync(api, cancellation);
        if (topic is null)
        {
            await api.PostAsync<TopicView>(TopicsCommand.Topics, new TopicDocument(Topic), cancellation);
            say.Report($"POST /v1/topics: topic {Topic}");
        }

        if (topic is null || !topic.Subscriptions.Any(subscription => subscription is { Endpoint: Queue, Bindings: [Binding] }))
        {
            var document = new SubscriptionDocument { Protocol = SubscriptionProtocol.Queue, Endpoint = Queue, Binding = Binding };
            await api.PostAsync<SubscriptionView>(TopicsCommand.Subscriptions(Topic), document, cancellation);
            say.Report($"POST /v1/topics/{Topic}/subscriptions: queue {Queue}, binding {Binding}");
        }
        else
        {
            say.Report($"topic {Topic} and queue {Queue} are there from an earlier run");
        }
    }

    private static async Task<TopicView?> FindTopicAsync(ApiClient api, CancellationToken cancellation)
    {
        try
        {
            return (await api.GetAsync<TopicView>(TopicsCommand.Topic(Topic), cancellation)).Value;
        }
        catch (ApiRefusedException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    private async Task<string> SubmitAsync(ApiClient api, CancellationToken cancellation)
    {
        var content = new ByteArrayContent(Resource("wordcount/job.json"))
        {
            Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
        };
        var answer = await api.PostAsync<SubmitJobResponse>(JobRoutes.Jobs, content, null, cancellation);
        say.Report($"POST /v1/jobs (examples/wordcount/job.json): {answer.Value.JobId}");
        return answer.Value.JobId;
    }

    private async Task<JobDetail> WatchAsync(ApiClient api, string jobId, CancellationToken cancellation)
    {
        var plain = context with { RichError = false, Error = new LineWriter(say) };
        var last = await JobProgress.ShowAsync(
            plain, look => JobWatch.UntilFinalAsync(api, plain, jobId, JobLimit, look, cancellation));
        return last.Value;
    }

    /// <summary>Waits until the queue has delivered what the journal says was asked for on the topic.</summary>
    private async Task<bool> EventsArrivedAsync(ApiClient api, TopicConsumer consumer, string jobId, CancellationToken cancellation)
    {
        var journal = await api.GetAsync<Page<EventView>>(JobRoutes.Events(jobId, 0, JournalPage), cancellation);
        var asked = journal.Value.Items.Where(row => row.Topics.Contains(Topic)).ToArray();
        var begin = context.Time.GetTimestamp();
        var interval = new PollInterval(context.Time);
        EventView[] missing;
        while ((missing = [.. asked.ExceptBy(consumer.Received, row => row.EventId)]).Length > 0
            && context.Time.GetElapsedTime(begin) < EventsLimit)
        {
            await interval.WaitAsync(cancellation);
        }

        var (repeated, earlier) = consumer.Others;
        say.Report(string.Create(
            CultureInfo.InvariantCulture,
            $"the queue delivered {asked.Length - missing.Length} of the {asked.Length} events asked for ({repeated} repeated, {earlier} of earlier runs)"));
        foreach (var row in missing)
        {
            say.Report($"  missing: {row.EventId} {row.EventName}");
        }

        return missing.Length == 0 && asked.Any(row => row is { Level: "job", EventName: "JOB_SUCCEED" });
    }

    private async Task<bool> ResultIsRightAsync(ApiClient api, string jobId, CancellationToken cancellation)
    {
        using var output = new MemoryStream();
        await api.CopyAsync(JobRoutes.Log(jobId, LastTask, 0, "stdout", null), output, cancellation);
        var lines = Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        say.Report($"the {LinesShown} most frequent of {lines.Length} words (stdout of task {LastTask}):");
        foreach (var line in lines.Take(LinesShown))
        {
            say.Report("  " + line);
        }

        return await CheckAsync(output.ToArray(), cancellation);
    }

    /// <summary>Runs <c>examples/wordcount/check.sh</c> on the result and repeats what it says.</summary>
    private async Task<bool> CheckAsync(byte[] result, CancellationToken cancellation)
    {
        var script = Encoding.UTF8.GetString(Resource("wordcount/check.sh"));
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(script);
        using var check = Process.Start(start)!;
        var output = check.StandardOutput.ReadToEndAsync(cancellation);
        var errors = check.StandardError.ReadToEndAsync(cancellation);
        await check.StandardInput.BaseStream.WriteAsync(result, cancellation);
        check.StandardInput.Close();
        await check.WaitForExitAsync(cancellation);
        say.Report("examples/wordcount/check.sh: " + (await output + await errors).TrimEnd());
        return check.ExitCode == 0;
    }

    private static byte[] Resource(string name)
    {
        using var stream = typeof(WordcountDemo).Assembly.GetManifestResourceStream(name)!;
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    /// <summary>Progress lines take their turn among the events.</summary>
    private sealed class LineWriter(IProgress<string> say) : StringWriter(CultureInfo.InvariantCulture)
    {
        public override void WriteLine(string? value) => say.Report(value ?? "");
    }
}
