using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Core.Journal;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Events;
using BatchPlane.Server.Tests.Dispatch;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BatchPlane.Server.Tests.Events;

public sealed class EventStreamTests(EventServer server) : IClassFixture<EventServer>
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Readers_GetWhatHappensAndGoOnBehindTheLastTheyGot()
    {
        await AppendAsync("job-live", 1);
        await using var one = await OpenAsync("?job=job-live&since=2020-01-01T00:00:00Z");
        var first = await one.NextAsync();
        await using var other = await OpenAsync("?job=job-live");
        await other.HeartbeatAsync();
        await AppendAsync("job-live", 3);
        await AppendAsync("job-else", 2);

        Assert.Equal("job-live:1", first.Data.EventId);
        Assert.Equal(["job-live:2", "job-live:3", "job-live:4"], [(await one.NextAsync()).Data.EventId, (await one.NextAsync()).Data.EventId, (await one.NextAsync()).Data.EventId]);
        var second = await other.NextAsync();
        Assert.Equal("job-live:2", second.Data.EventId);

        await using var back = await OpenAsync("?job=job-live", second.Id);
        Assert.Equal(["job-live:3", "job-live:4"], [(await back.NextAsync()).Data.EventId, (await back.NextAsync()).Data.EventId]);
    }

    [Fact]
    public async Task SilentStream_BeatsWithThePlaceItReached()
    {
        await using var stream = await OpenAsync("?job=job-none");
        var before = await stream.HeartbeatAsync();
        await AppendAsync("job-noise", 1);
        var after = await Until.ReachedAsync(() => stream.HeartbeatAsync(), id => id != before, id => id);

        Assert.NotEqual(before, after);
    }

    [Fact]
    public async Task MuchHappensThatIsNotWanted_StreamBeatsAllTheSame()
    {
        await using var stream = await OpenAsync("?job=job-none");
        using var enough = new CancellationTokenSource();
        var noise = Task.Run(async () =>
        {
            // Often enough that the stream never waits for a whole heartbeat, slowly enough that nobody is cut off.
            using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(150));
            while (!enough.IsCancellationRequested && await pace.WaitForNextTickAsync())
            {
                await AppendAsync("job-noise", 1);
            }
        });
        var beats = new HashSet<string>();
        while (beats.Count < 3)
        {
            beats.Add(await stream.HeartbeatAsync());
        }

        await enough.CancelAsync();
        await noise;
    }

    [Fact]
    public async Task KeyIsRevoked_ItsStreamEndsAndOthersDoNot()
    {
        const string Bearer = "key-of-somebody-who-leaves";
        await server.ExecuteAsync($"""
            INSERT INTO api_keys (key_id, key_name, key_hash, secret_id, secret_encrypted, created_at)
            VALUES ('key-leaves', 'leaves', '\x{Convert.ToHexString(AccessSecrets.Hash(Bearer))}', 'secret-leaves', '\x00', now())
            """);
        await using var stays = await OpenAsync("?job=job-none");
        await using var leaves = await OpenAsync("?job=job-none", bearer: Bearer);
        await leaves.HeartbeatAsync();
        await server.ExecuteAsync("UPDATE api_keys SET revoked_at = now() WHERE key_id = 'key-leaves'");

        await Assert.ThrowsAsync<EndOfStreamException>(async () =>
        {
            while (true)
            {
                await leaves.HeartbeatAsync();
            }
        });
        await stays.HeartbeatAsync();
    }

    [Fact]
    public async Task SlowReader_IsCutOffAndOthersGetEverything()
    {
        const int Rows = 40;
        const int Span = 1_000;
        var address = server.Client.BaseAddress!;
        using var slow = new TcpClient { ReceiveBufferSize = 4_096 };
        await slow.ConnectAsync(address.Host, address.Port);
        await slow.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /v1/events/stream?job=job-burst&since=2020-01-01T00:00:00Z HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {server.Key.BearerKey}\r\n\r\n"));
        var begin = new byte[12];
        await slow.GetStream().ReadExactlyAsync(begin);
        Assert.Equal("HTTP/1.1 200", Encoding.ASCII.GetString(begin));
        var writing = Task.Run(async () =>
        {
            for (var n = 0; n < Rows; n++)
            {
                await AppendAsync("job-burst", Span, reason: new string('x', 500));
            }
        });
        Assert.Equal(Enumerable.Range(1, Rows * Span).Select(n => (long)n), await ReadAllAsync("?job=job-burst&since=2020-01-01T00:00:00Z", Rows * Span));
        await writing;
        var cut = await Until.ReachedAsync(
            () => server.Client.GetStringAsync("/metrics"),
            text => text.Contains("batchplane_streams_cut_off_total ", StringComparison.Ordinal) && !text.Contains("batchplane_streams_cut_off_total 0\n", StringComparison.Ordinal),
            text => text.Split('\n').FirstOrDefault(line => line.StartsWith("batchplane_streams_cut_off_total", StringComparison.Ordinal)) ?? "none");
        Assert.NotEmpty(cut);

        // Its connection is at an end, and it did not get all.
        Assert.True(await BytesLeftAsync(slow) < Rows * Span * 500L);
    }

    [Theory]
    [InlineData(true, "oldest_cursor")]
    [InlineData(false, "newest_cursor")]
    public async Task PlaceIsNotInTheJournalAnyMoreOnceTheStreamIsOpen_ItSaysSoAndEnds(bool isDropped, string member)
    {
        // A stream that was let in before its days were dropped, or before an older journal was restored.
        await AppendAsync("job-gone", 1);
        var place = isDropped ? default : new JournalPosition(long.MaxValue, 1, 1);
        if (isDropped)
        {
            await server.ExecuteAsync("UPDATE journal_begin SET txid = '3', event_no = 7");
        }

        using var body = new MemoryStream();
        var context = new DefaultHttpContext { RequestServices = server.Services, Response = { Body = body } };
        await server.Services.GetRequiredService<EventStreams>().Answer(new JournalFilter { SubjectId = "job-gone" }, place).ExecuteAsync(context).WaitAsync(Bound);
        await server.ExecuteAsync("UPDATE journal_begin SET txid = '0', event_no = 0");

        var lines = Encoding.UTF8.GetString(body.ToArray()).Split('\n');
        Assert.Equal("event: gone", lines[^4]);
        using var data = JsonDocument.Parse(lines[^3]["data: ".Length..]);
        var cursor = data.RootElement.GetProperty(member).GetString();
        Assert.Single(data.RootElement.EnumerateObject());
        Assert.NotNull(await server.GetAsync<JournalPage<EventView>>($"/v1/events?limit=1&after={cursor}"));
    }

    [Fact]
    public async Task MoreStreamsThanThereArePlaces_AreRefused()
    {
        var open = new List<HttpResponseMessage>();
        do
        {
            open.Add(await TryOpenAsync("?job=job-none"));
        }
        while (open[^1].IsSuccessStatusCode && open.Count <= EventServer.MaxStreams);

        await ServerFixture.ProblemAsync(open[^1], 503, "too_many_streams");
        open.ForEach(stream => stream.Dispose());
    }

    [Fact]
    public async Task WrongPlaces_AreRefused()
    {
        using var bad = await server.Client.GetAsync("/v1/events/stream?after=zz&until=2025-10-09T08:53:20Z&foo=1");
        var problem = await ServerFixture.ProblemAsync(bad, 400, "invalid_request");
        Assert.Equal(["?after", "?foo", "?until"], problem.Errors.Select(error => error.Path).Order(StringComparer.Ordinal));

        using var anonymous = await server.Anonymous.GetAsync("/v1/events/stream");
        await ServerFixture.ProblemAsync(anonymous, 401, "unauthenticated");
    }

    /// <summary>What is left of a connection that was ended.</summary>
    private static async Task<long> BytesLeftAsync(TcpClient client)
    {
        var buffer = new byte[65_536];
        var left = 0L;
        using var patience = new CancellationTokenSource(Bound);
        try
        {
            while (await client.GetStream().ReadAsync(buffer, patience.Token) is > 0 and var read)
            {
                left += read;
            }
        }
        catch (IOException)
        {
            // Broken off rather than closed.
        }

        return left;
    }

    /// <summary>Sequences in the order they came. One that is cut off as well, which a burst can do to anybody, comes back with the id of its last event.</summary>
    private async Task<List<long>> ReadAllAsync(string query, int count)
    {
        var got = new List<long>();
        string? last = null;
        while (got.Count < count)
        {
            await using var reader = await OpenAsync(query, last);
            try
            {
                while (got.Count < count)
                {
                    var (id, view) = await reader.NextAsync();
                    last = id;
                    got.Add(view.Sequence);
                }
            }
            catch (IOException)
            {
                // Cut off: on behind the last one.
            }
        }

        return got;
    }

    private async Task<SseReader> OpenAsync(string query, string? lastEventId = null, string? bearer = null)
    {
        // A stream that a test before has left may still have its place.
        var response = await Until.ReachedAsync(() => TryOpenAsync(query, lastEventId, bearer), found => found.IsSuccessStatusCode, found => $"{found.StatusCode}");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return new(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    private Task<HttpResponseMessage> TryOpenAsync(string query, string? lastEventId = null, string? bearer = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/events/stream{query}");
        request.Headers.Authorization = new("Bearer", bearer ?? server.Key.BearerKey);
        if (lastEventId is not null)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        }

        return server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private Task AppendAsync(string subjectId, int span, string? reason = null) => server.ExecuteAsync($"""
        INSERT INTO events (order_txid, shard, subject_id, sequence, span, level, state, task_no, instance_index, reason, source, occurred_at, notify)
        SELECT pg_current_xact_id(), 0, '{subjectId}', coalesce((SELECT max(sequence + span) FROM events WHERE subject_id = '{subjectId}'), 1), {span}, 'task_instance', 'RUNNING', 0, 0, {(reason is null ? "NULL" : $"'{reason}'")}, 'engine', now(), 0
        """);

    private sealed class SseReader(HttpResponseMessage response, StreamReader reader) : IAsyncDisposable
    {
        private string _id = "";

        internal async Task<(string Id, EventView Data)> NextAsync()
        {
            while (true)
            {
                var line = await LineAsync();
                if (line.StartsWith("data: ", StringComparison.Ordinal))
                {
                    return (_id, JsonSerializer.Deserialize<EventView>(line[6..], BatchPlaneJson.Options)!);
                }
            }
        }

        /// <summary>The next heartbeat's place.</summary>
        internal async Task<string> HeartbeatAsync()
        {
            while (await LineAsync() != ": heartbeat")
            {
            }

            await LineAsync();
            return _id;
        }

        public ValueTask DisposeAsync()
        {
            reader.Dispose();
            response.Dispose();
            return ValueTask.CompletedTask;
        }

        private async Task<string> LineAsync()
        {
            using var patience = new CancellationTokenSource(Bound);
            var line = await reader.ReadLineAsync(patience.Token) ?? throw new EndOfStreamException();
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                _id = line[4..];
            }

            return line;
        }
    }
}
