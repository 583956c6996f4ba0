using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BatchPlane.Core.Database;
using BatchPlane.EndToEnd.Tests.Stack;
using BatchPlane.Testing;
using Npgsql;
using Xunit.Abstractions;

namespace BatchPlane.EndToEnd.Tests.Chaos;

/// <summary>
/// Random jobs, and a steady stream of small ones, while server, PostgreSQL and RabbitMQ are killed at random, and agents and keepers between them. Afterwards every job has ended once, every
/// instance has ended once and as its command does, a consumer has every event that the documents ask for, in order, everything that the API shows agrees with it, and
/// the database is sound. Ten kills of the three servers here; hundreds with
/// <c>./dev soak kills</c>, which sets <c>BATCHPLANE_SOAK_KILLS</c> and, to repeat a run, <c>BATCHPLANE_SOAK_SEED</c>.
/// </summary>
public sealed class KillTests(StackFixture stack, ITestOutputHelper output) : IClassFixture<StackFixture>, IDisposable
{
    private const string Topic = "chaos";
    private const int DefaultKills = 10;

    // What counts. An agent or keeper may be killed beside it.
    private static readonly string[] Servers = ["server", "postgres", "rabbitmq"];
    private static readonly string[] Workers = ["agent", "keeper"];
    // A server that dies again and again is not started again: see DevStack. This many kills in a row are not what that is about.
    private static readonly TimeSpan BetweenServerKills = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan JobsLimit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan EventsLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(60);

    private const int OfStream = 50;
    private static readonly TimeSpan StreamPause = TimeSpan.FromMilliseconds(300);

    private const int FailingCommand = 3;
    private static readonly string[] Commands = ["true", "sleep 0.05", "sleep 0.3", "exit $((BATCH_TASK_INSTANCE_INDEX % 7 == 6))", "head -c 20000 /dev/zero"];
    private static readonly string[] Asked =
        ["JOB_RUNNING", "JOB_SUCCEED", "JOB_FAILED", "TASK_RUNNING", "TASK_SUCCEED", "TASK_FAILED", "TASK_INSTANCE_RUNNING", "TASK_INSTANCE_SUCCEED", "TASK_INSTANCE_FAILED"];

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task AnythingKilledAtAnyTime_NothingIsLostAndNothingEndsTwice()
    {
        var kills = Number("BATCHPLANE_SOAK_KILLS") ?? DefaultKills;
        var seed = Number("BATCHPLANE_SOAK_SEED") ?? Random.Shared.Next();
        output.WriteLine($"{kills} kills, seed {seed}");
        var random = new Random(seed);
        _http.BaseAddress = new Uri(stack.Info.HttpUrl);
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", stack.Info.ApiKey);
        await SendAsync(HttpMethod.Post, "/v1/topics", $$"""{"topic_name":"{{Topic}}"}""", "topic");
        await SendAsync(HttpMethod.Post, $"/v1/topics/{Topic}/subscriptions", """{"protocol":"queue","endpoint":"chaos"}""", "queue");
        await using var queue = new DurableReader(() => stack.Info.AmqpUrl, "chaos");

        var jobs = new ConcurrentDictionary<string, IReadOnlyDictionary<string, SubmittedTask>>();
        using var over = new CancellationTokenSource();
        var stream = StreamAsync(jobs, over.Token);
        try
        {
            await KillAsync(kills, random, jobs, stream);
        }
        finally
        {
            await over.CancelAsync();
            await stream;
        }

        var states = await EndedAsync(jobs.Keys);
        var journals = new Dictionary<string, IReadOnlyList<JournalLine>>();
        foreach (var job in jobs.Keys)
        {
            journals[job] = await JournalAsync(job);
        }

        var asked = journals.Values.SelectMany(journal => journal).Where(line => line.IsAsked).Select(line => line.EventId).ToHashSet();
        try
        {
            await Eventually.TrueAsync(
                () => asked.IsSubsetOf(queue.Messages.Select(message => message.Id)),
                EventsLimit,
                () => $"{queue.Messages.Select(message => message.Id).Distinct().Count()} of {asked.Count} events");
        }
        catch (TimeoutException)
        {
            // The verdict names what is missing.
        }

        var received = queue.Messages.ToLookup(message => message.JobId, message => (message.Id, message.Body));
        await DeliveredAsync();
        var violations = await SoundDatabaseAsync();
        foreach (var (job, submitted) in jobs)
        {
            var told = journals[job].Where(line => line.IsAsked).ToList();
            var undelivered = told.Count == 0 ? [] : await UndeliveredAsync([told[0], told[^1], told[random.Next(told.Count)]]);
            violations.AddRange(Verdict.On(new(job, states[job], submitted, await ShownAsync(job), journals[job], [.. received[job]], undelivered)));
        }

        output.WriteLine($"{jobs.Count} jobs, {asked.Count} events, {queue.Messages.Count} messages");
        Assert.True(violations.Count == 0, $"seed {seed}\n{string.Join('\n', violations)}\n{stack.Output}");
    }

    private async Task KillAsync(int kills, Random random, ConcurrentDictionary<string, IReadOnlyDictionary<string, SubmittedTask>> jobs, Task stream)
    {
        var victims = new Victims(stack);
        var sinceServerKill = (Stopwatch?)null;
        for (var kill = 0; kill < kills && !stream.IsFaulted; kill++)
        {
            await SubmitAsync(random, kill, jobs);

            // RabbitMQ not first: it registers a new queue for good about a second late, and one lost before that is not what this is about.
            var kind = Servers[random.Next(kill == 0 ? 2 : 3)];
            await Task.Delay(random.Next(50, 1_000));
            if (kind == "server")
            {
                await Task.Delay(TimeSpan.FromTicks(Math.Max(0, (BetweenServerKills - (sinceServerKill?.Elapsed ?? BetweenServerKills)).Ticks)));
                sinceServerKill = Stopwatch.StartNew();
            }

            Assert.True(await EventuallyKilledAsync(victims, kind, random), $"no {kind} to kill\n{stack.Output}");
            if (random.Next(2) == 0)
            {
                var worker = Workers[random.Next(2)];
                Assert.True(await EventuallyKilledAsync(victims, worker, random), $"no {worker} to kill\n{stack.Output}");
            }
        }
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    private static async Task<bool> EventuallyKilledAsync(Victims victims, string kind, Random random)
    {
        for (var tries = 0; tries < 300; tries++)
        {
            if (victims.Kill(kind, random))
            {
                return true;
            }

            await Task.Delay(100);
        }

        return false;
    }

    /// <summary>A job of builtin instances every so often, until it is over: something is always between its submit and its last event.</summary>
    private async Task StreamAsync(ConcurrentDictionary<string, IReadOnlyDictionary<string, SubmittedTask>> jobs, CancellationToken over)
    {
        for (var n = 0; !over.IsCancellationRequested; n++)
        {
            var answer = await SendAsync(HttpMethod.Post, "/v1/jobs", Document($$"""{"task_name":"t0","task_instance_num":{{OfStream}},"application":{"builtin":"noop"} }"""), $"stream-{n}");
            jobs[answer.GetProperty("job_id").GetString()!] = new Dictionary<string, SubmittedTask> { ["t0"] = new(OfStream, _ => false) };
            await Task.Delay(StreamPause, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task SubmitAsync(Random random, int round, ConcurrentDictionary<string, IReadOnlyDictionary<string, SubmittedTask>> jobs)
    {
        for (var n = 0; n < 2; n++)
        {
            var tasks = Enumerable.Range(0, random.Next(1, 4)).ToDictionary(task => $"t{task}", _ => (Count: random.Next(1, 40), Command: random.Next(Commands.Length)));
            var answer = await SendAsync(HttpMethod.Post, "/v1/jobs", Job(random, tasks), $"job-{round}-{n}");
            jobs[answer.GetProperty("job_id").GetString()!] =
                tasks.ToDictionary(task => task.Key, task => new SubmittedTask(task.Value.Count, index => task.Value.Command == FailingCommand && index % 7 == 6));
        }
    }

    private static string Job(Random random, Dictionary<string, (int Count, int Command)> tasks)
    {
        var bodies = tasks.Select(task =>
            $$"""{"task_name":"{{task.Key}}","task_instance_num":{{task.Value.Count}},"max_retry_count":{{random.Next(0, 3)}},"application": {"command": "{{Commands[task.Value.Command]}}" } }""");
        var edges = tasks.Keys.Skip(1).Where(_ => random.Next(0, 2) == 0).Select(task => $$"""{"start_task":"t0","end_task":"{{task}}"}""");
        return Document(string.Join(',', bodies), string.Join(',', edges));
    }

    private static string Document(string tasks, string edges = "")
    {
        var configs = Asked.Select(name => $$"""{"event_name":"{{name}}"}""");
        return $$"""
            {"tasks": [{{tasks}}],
             "dependences": [{{edges}}],
             "notifications": [ {"topic_name": "{{Topic}}", "event_configs": [{{string.Join(',', configs)}}] } ] }
            """;
    }

    /// <summary>Asks again while the server is away, as every client has to; the key keeps that from doing it twice.</summary>
    private async Task<JsonElement> SendAsync(HttpMethod method, string path, string? body = null, string? key = null)
    {
        using var limit = new CancellationTokenSource(RequestLimit);
        for (var last = "no answer"; !limit.IsCancellationRequested; await Task.Delay(100))
        {
            try
            {
                using var request = new HttpRequestMessage(method, path);
                if (body is not null)
                {
                    request.Content = new StringContent(body, Encoding.UTF8, "application/json");
                    request.Headers.Add("Idempotency-Key", key);
                }

                using var response = await _http.SendAsync(request, limit.Token);
                last = await response.Content.ReadAsStringAsync(limit.Token);
                if (response.IsSuccessStatusCode)
                {
                    return JsonDocument.Parse(last).RootElement;
                }

                Assert.True((int)response.StatusCode >= 500, $"{method} {path}: {last}");
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
            {
                last = exception.Message;
            }
        }

        throw new TimeoutException($"{method} {path} was not answered within {RequestLimit}\n{stack.Output}");
    }

    private async Task<Dictionary<string, string>> EndedAsync(IEnumerable<string> jobs)
    {
        var states = jobs.ToDictionary(job => job, _ => "unknown");
        using var limit = new CancellationTokenSource(JobsLimit);
        while (!limit.IsCancellationRequested && states.Any(state => !IsFinal(state.Value)))
        {
            foreach (var job in states.Where(state => !IsFinal(state.Value)).Select(state => state.Key).ToList())
            {
                states[job] = (await SendAsync(HttpMethod.Get, $"/v1/jobs/{job}")).GetProperty("job_state").GetString()!;
            }

            await Task.Delay(200);
        }

        return states;
    }

    private async Task<IReadOnlyList<JournalLine>> JournalAsync(string job)
    {
        var lines = new List<JournalLine>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await SendAsync(HttpMethod.Get, $"/v1/jobs/{job}/events?limit=500{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}");
            lines.AddRange(page.GetProperty("items").EnumerateArray().Select(Line));
            cursor = page.TryGetProperty("next_cursor", out var next) && next.ValueKind == JsonValueKind.String ? next.GetString() : null;
        }

        return lines;
    }

    private static JournalLine Line(JsonElement row) => new(
        row.GetProperty("event_id").GetString()!,
        row.GetProperty("sequence").GetInt64(),
        row.GetProperty("event_name").GetString()!,
        row.TryGetProperty("task_instance_index", out var index) ? index.GetInt32() : null,
        row.TryGetProperty("task_name", out var task) ? task.GetString() : null,
        Asked.Contains(row.GetProperty("event_name").GetString()!),
        row.TryGetProperty("topics", out var topics) && topics.GetArrayLength() > 0,
        row.TryGetProperty("cause", out var cause) && cause.ValueKind == JsonValueKind.String ? cause.GetString() : null);

    /// <summary>The tasks of a job as they are shown.</summary>
    private async Task<IReadOnlyDictionary<string, ShownTask>> ShownAsync(string job)
    {
        var shown = new Dictionary<string, ShownTask>();
        foreach (var task in (await SendAsync(HttpMethod.Get, $"/v1/jobs/{job}")).GetProperty("tasks").EnumerateArray())
        {
            var name = task.GetProperty("task_name").GetString()!;
            var counts = task.GetProperty("task_instance_metrics");
            var instances = (await SendAsync(HttpMethod.Get, $"/v1/jobs/{job}/tasks/{name}/instances?limit=100")).GetProperty("items").EnumerateArray()
                .ToDictionary(instance => instance.GetProperty("task_instance_index").GetInt32(), instance => instance.GetProperty("task_instance_state").GetString()!);
            shown.Add(name, new(task.GetProperty("task_state").GetString()!, counts.GetProperty("succeed_count").GetInt64(), counts.GetProperty("failed_count").GetInt64(), instances));
        }

        return shown;
    }

    /// <summary>Waits until the dispatcher has nothing to do: a message comes a little before its cursor is moved.</summary>
    private async Task DeliveredAsync()
    {
        using var limit = new CancellationTokenSource(EventsLimit);
        while ((await SendAsync(HttpMethod.Get, "/v1/dispatch")).GetProperty("pending_events").GetInt64() > 0 && !limit.IsCancellationRequested)
        {
            await Task.Delay(200);
        }
    }

    /// <summary>States of deliveries that are not confirmed: of these events, and of any that did not simply arrive.</summary>
    private async Task<List<string>> UndeliveredAsync(JournalLine[] lines)
    {
        var states = new List<string>();
        foreach (var line in lines)
        {
            var shown = (await SendAsync(HttpMethod.Get, $"/v1/events/{line.EventId}/deliveries")).GetProperty("deliveries").EnumerateArray().ToList();
            states.AddRange(shown.Count == 1 ? shown.Select(delivery => delivery.GetProperty("state").GetString()!).Where(state => state != "confirmed") : [$"{shown.Count} deliveries"]);
        }

        var job = lines[0].EventId[..lines[0].EventId.IndexOf(':', StringComparison.Ordinal)];
        return [.. states, .. (await SendAsync(HttpMethod.Get, $"/v1/deliveries?job={job}")).GetProperty("items").EnumerateArray().Select(item => item.GetProperty("state").GetString()!)];
    }

    private async Task<List<string>> SoundDatabaseAsync()
    {
        await using var database = NpgsqlDataSource.Create(TestServices.PostgresAddress(stack.Info.PostgresUrl));
        var invariants = new InvariantChecker(database);
        var violations = new List<string>();
        foreach (var name in InvariantChecker.Names)
        {
            var result = await invariants.CheckAsync(name, RequestLimit, 10, default);
            violations.AddRange(result.IsChecked ? result.Violations.Select(violation => $"{name}: {violation}") : [$"{name} was not checked"]);
        }

        return violations;
    }

    private static bool IsFinal(string state) => state is "SUCCEED" or "FAILED" or "FAILED_INTERRUPTED";
}
