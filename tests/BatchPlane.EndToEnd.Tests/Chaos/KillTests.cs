using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BatchPlane.EndToEnd.Tests.Stack;
using Xunit.Abstractions;

namespace BatchPlane.EndToEnd.Tests.Chaos;

/// <summary>
/// Random jobs while server, agents, PostgreSQL and RabbitMQ are killed at random. Afterwards every job has ended once, every
/// instance has ended once, and a consumer has every event that was asked for, in order. A few kills here; hundreds with
/// <c>./dev soak kills</c>, which sets <c>BATCHPLANE_SOAK_KILLS</c> and, to repeat a run, <c>BATCHPLANE_SOAK_SEED</c>.
/// </summary>
public sealed class KillTests(StackFixture stack, ITestOutputHelper output) : IClassFixture<StackFixture>, IDisposable
{
    private const string Topic = "chaos";
    private const int DefaultKills = 5;

    // RabbitMQ not first: it registers a new queue for good about a second late, and one lost before that is not what this is about.
    private static readonly string[] Kinds = ["agent", "server", "postgres", "keeper", "rabbitmq", "agent", "server"];
    // A server that dies again and again is not started again: see DevStack. This many kills in a row are not what that is about.
    private static readonly TimeSpan BetweenServerKills = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan JobsLimit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan EventsLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(60);

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

        var jobs = new Dictionary<string, Dictionary<string, int>>();
        var victims = new Victims(stack);
        var sinceServerKill = Stopwatch.StartNew();
        for (var kill = 0; kill < kills; kill++)
        {
            await SubmitAsync(random, kill, jobs);
            var kind = Kinds[kill % Kinds.Length];
            await Task.Delay(random.Next(50, 1_500));
            if (kind == "server")
            {
                await Task.Delay(TimeSpan.FromTicks(Math.Max(0, (BetweenServerKills - sinceServerKill.Elapsed).Ticks)));
                sinceServerKill.Restart();
            }

            Assert.True(await EventuallyKilledAsync(victims, kind, random), $"no {kind} to kill\n{stack.Output}");
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
        var violations = jobs.SelectMany(job => Verdict.On(new(job.Key, states[job.Key], job.Value, journals[job.Key], [.. received[job.Key]]))).ToList();
        output.WriteLine($"{jobs.Count} jobs, {asked.Count} events, {queue.Messages.Count} messages");
        Assert.True(violations.Count == 0, $"seed {seed}\n{string.Join('\n', violations)}\n{stack.Output}");
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

    private async Task SubmitAsync(Random random, int round, Dictionary<string, Dictionary<string, int>> jobs)
    {
        for (var n = 0; n < 2; n++)
        {
            var tasks = Enumerable.Range(0, random.Next(1, 4)).ToDictionary(task => $"t{task}", _ => random.Next(1, 40));
            var text = Job(random, tasks);
            var answer = await SendAsync(HttpMethod.Post, "/v1/jobs", text, $"job-{round}-{n}");
            jobs.Add(answer.GetProperty("job_id").GetString()!, tasks);
        }
    }

    private static string Job(Random random, Dictionary<string, int> tasks)
    {
        var commands = new[] { "true", "sleep 0.05", "sleep 0.3", "exit $((BATCH_TASK_INSTANCE_INDEX % 7 == 6))", "head -c 20000 /dev/zero" };
        var bodies = tasks.Select(task =>
            $$"""{"task_name":"{{task.Key}}","task_instance_num":{{task.Value}},"max_retry_count":{{random.Next(0, 3)}},"application": {"command": "{{commands[random.Next(commands.Length)]}}" } }""");
        var edges = tasks.Keys.Skip(1).Where(_ => random.Next(0, 2) == 0).Select(task => $$"""{"start_task":"t0","end_task":"{{task}}"}""");
        string[] names = ["JobRunning", "JobSucceed", "JobFailed", "TaskRunning", "TaskSucceed", "TaskFailed", "TaskInstanceRunning", "TaskInstanceSucceed", "TaskInstanceFailed"];
        var configs = names.Select(name => $$"""{"event_name":"{{name}}"}""");
        return $$"""
            {"tasks": [{{string.Join(',', bodies)}}],
             "dependences": [{{string.Join(',', edges)}}],
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
        row.TryGetProperty("topics", out var topics) && topics.GetArrayLength() > 0);

    private static bool IsFinal(string state) => state is "SUCCEED" or "FAILED" or "FAILED_INTERRUPTED";
}
