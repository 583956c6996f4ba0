using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.EndToEnd.Tests.Stack;
using BatchPlane.Testing;
using Xunit.Abstractions;

namespace BatchPlane.EndToEnd.Tests.Killed;

/// <summary>
/// A listener that returns from no call, with a backlog before it. A few thousand events here; hundreds of thousands with <c>./dev soak listeners</c>, which sets <c>BATCHPLANE_SOAK_EVENTS</c>.
/// </summary>
public sealed class HeldListenerTests(ITestOutputHelper output)
{
    private const string Topic = "backlog";
    private const int PerRow = 500;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task ListenerThatHangs_TakesNothingFromDispatch_AndLosesNothingWhenItsServerIsKilled()
    {
        var soaked = Environment.GetEnvironmentVariable("BATCHPLANE_SOAK_EVENTS") is { Length: > 0 } asked ? int.Parse(asked, CultureInfo.InvariantCulture) : (int?)null;
        var count = (soaked ?? 2_000) / PerRow * PerRow;
        await using var place = await ServerPlace.CreateAsync();
        var file = Path.Combine(place.Directory, "held");
        var plugIns = Path.Combine(place.Directory, "plug-ins");
        PlugIns.Install(PlugIns.BadListeners, plugIns, "bad-listeners");
        await File.WriteAllTextAsync($"{file}.hold", "");

        await StartAsync("00:10:00");
        await place.SendAsync(HttpMethod.Post, "/v1/topics", $$"""{"topic_name":"{{Topic}}"}""");
        await using var queue = await QueueReader.BindAsync(place.AmqpUrl, Topic, "#");
        await AppendAsync("job-backlog1", count);
        var held = await DispatchedAsync("job-backlog1");
        await BegunAsync(1);
        Assert.True((await HeldAsync()).PendingEvents >= count);

        // A call is under way. The next server makes it again, gives it up, and dispatches meanwhile.
        await place.KillAsync();
        await StartAsync("00:00:00.500");
        await BegunAsync(2);
        await GivenUpAsync();
        await AppendAsync("job-backlog2", count);
        await DispatchedAsync("job-backlog2");
        Assert.Empty(Taken());

        File.Delete($"{file}.hold");
        await Eventually.TrueAsync(() => Taken().Count >= 2 * count, Limit, () => $"{Taken().Count} taken\n{place.Output}");
        Assert.Equal([.. Ids("job-backlog1"), .. Ids("job-backlog2")], Taken().Distinct());
        Assert.Equal(["begin job-backlog1:1"], Lines().Where(line => line.StartsWith("begin", StringComparison.Ordinal)).Take(2).Distinct());

        // The control: what the place is moved over before a call has returned is lost, and is seen to be.
        await File.WriteAllTextAsync($"{file}.hold", "");
        await AppendAsync("job-passed", PerRow);
        await Eventually.TrueAsync(() => Lines()[^1] == "begin job-passed:1", Limit, () => place.Output);
        await GivenUpAsync();
        await place.ExecuteAsync("UPDATE event_listeners SET (cursor_txid, cursor_event_no) = (SELECT order_txid, event_no + 1 FROM events ORDER BY order_txid DESC, event_no DESC LIMIT 1), cursor_count = 0 WHERE listener_name = 'holding'");
        File.Delete($"{file}.hold");
        await AppendAsync("job-behind", PerRow);
        await Eventually.TrueAsync(() => Taken().Contains($"job-behind:{PerRow}"), Limit, () => place.Output);
        Assert.DoesNotContain(Taken(), id => id.StartsWith("job-passed:", StringComparison.Ordinal));

        if (soaked is not null)
        {
            await AppendAsync("job-running0", count);
            var running = await DispatchedAsync("job-running0");
            output.WriteLine($"{count} events dispatched in {held.TotalSeconds:f1} s while a listener held them all, in {running.TotalSeconds:f1} s while it took them");
        }

        Task StartAsync(string callTimeout) => place.StartAsync(
            "api,dispatcher,listeners",
            ("OPTIONS__LISTENERS__DIRECTORY", plugIns),
            ("OPTIONS__LISTENERS__LEASEDURATION", "00:00:05"),
            ("OPTIONS__LISTENERS__LOOKINTERVAL", "00:00:00.050"),
            ("OPTIONS__LISTENERS__CALLTIMEOUT", callTimeout),
            ("OPTIONS__LISTENERS__CANCELGRACE", "00:00:00.200"),
            ("OPTIONS__LISTENERS__RETRYMAX", "00:00:01"),
            ("LISTENERS__HOLDING__FILE", file));

        Task BegunAsync(int times) => Eventually.TrueAsync(() => Lines().Count(line => line == "begin job-backlog1:1") >= times, Limit, () => place.Output);

        Task GivenUpAsync() => Eventually.TrueAsync(async () => await HeldAsync() is { State: ListenerState.Unavailable, Failures: > 0 }, Limit, () => place.Output);

        string[] Lines() => File.Exists(file) ? File.ReadAllLines(file) : [];

        List<string> Taken() => [.. Lines().Where(line => !line.StartsWith("begin", StringComparison.Ordinal))];

        IEnumerable<string> Ids(string job) => Enumerable.Range(1, count).Select(sequence => FormattableString.Invariant($"{job}:{sequence}"));

        async Task<ListenerView> HeldAsync() => (await place.GetAsync<Page<ListenerView>>("/v1/listeners")).Items.Single(view => view.ListenerName == "holding");

        // How long it takes until the queue has all events of a job.
        async Task<TimeSpan> DispatchedAsync(string job)
        {
            var watch = Stopwatch.StartNew();
            string[] Arrived() => [.. queue.Messages.Where(message => message.JobId == job).Select(message => message.Id).Distinct()];
            await Eventually.TrueAsync(() => queue.Messages.Count >= count && Arrived().Length >= count, Limit, () => $"{queue.Messages.Count} messages\n{place.Output}");
            var elapsed = watch.Elapsed;
            Assert.Equal(Ids(job), Arrived());
            queue.Messages.Clear();
            return elapsed;
        }

        Task AppendAsync(string job, int events)
        {
            var notifications = JsonSerializer.Serialize<NotificationDocument[]>([new() { TopicName = Topic, EventConfigs = [new() { EventName = "TASK_INSTANCE_RUNNING" }] }], BatchPlaneJson.Options);
            return place.ExecuteAsync($$"""
                INSERT INTO jobs (job_id, job_name, job_description, priority, state, document, notifications, interest, tags, submitted_by, created_at, last_sequence)
                VALUES ('{{job}}', 'demo', '', 1, 'RUNNING', '{}', '{{notifications}}', '{}', '[]', 'test', now(), {{events}});
                INSERT INTO events (order_txid, shard, subject_id, sequence, span, level, state, task_no, instance_index, attempt, source, launched_at, running_at, occurred_at, notify)
                SELECT pg_current_xact_id(), {{DispatcherShard.Of(job)}}, '{{job}}', n + 1, {{PerRow}}, 'task_instance', 'RUNNING', 0, n, 1, 'agent', now(), now(), now(), 1
                FROM generate_series(0, {{events - 1}}, {{PerRow}}) AS n
                ORDER BY n
                """);
        }
    }
}
