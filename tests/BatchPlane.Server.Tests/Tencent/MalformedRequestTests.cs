using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>
/// Malformed requests from a seed: each is answered soon, none with an error of the server, and none leaves a row. Some hundreds here; ten thousand with <c>./dev soak tencent</c>, which sets
/// <c>BATCHPLANE_SOAK_REQUESTS</c> and, to repeat a run, <c>BATCHPLANE_SOAK_SEED</c>.
/// </summary>
public sealed class MalformedRequestTests(TencentFixture server, ITestOutputHelper output) : IClassFixture<TencentFixture>
{
    private const int DefaultRequests = 500;
    private const int AtOnce = 8;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private static readonly string[] Tables = ["jobs", "tasks", "environments", "task_templates", "topics", "subscriptions", "idempotency_keys", "nodes", "events"];
    private static readonly string[] ServersFault = ["InternalError", "ServiceUnavailable"];

    /// <summary>Kind after kind, each as often as the others, so that a row that is stored tells by which. What is wrong with a request is noticed by what is to notice it.</summary>
    [Fact]
    public async Task MalformedRequests_AreRefusedAndStoreNothing()
    {
        var kinds = Enum.GetValues<MalformedKind>();
        var each = ((Number("BATCHPLANE_SOAK_REQUESTS") ?? DefaultRequests) + kinds.Length - 1) / kinds.Length;
        var seed = Number("BATCHPLANE_SOAK_SEED") ?? Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var malformed = new MalformedRequests(seed, server.RequestOf);
        await MakeTopicAsync();
        var before = await RowsAsync();
        foreach (var kind in kinds)
        {
            var answers = new ConcurrentBag<string>();

            await Parallel.ForEachAsync(Enumerable.Range(0, each), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, _) =>
            {
                var request = malformed.Make(kind, number);
                var code = await SendAsync(request).WaitAsync(Bound);
                Assert.True(IsExpected(kind, code), $"{kind} {number} of seed {seed} was answered {code}: {request.Call}{request.Older}{Encoding.UTF8.GetString(request.Call?.Bytes ?? request.Bytes ?? [])}");
                answers.Add(code.StartsWith('{') ? "taken" : code);
            });

            var after = await RowsAsync();
            Assert.True(after.SequenceEqual(before), $"{kind} of seed {seed} left rows: {string.Join(", ", after.Except(before))}.");
            Assert.Equal(each, answers.Count);
            output.WriteLine($"{kind}: {string.Join(", ", answers.CountBy(code => code).Select(code => $"{code.Key} {code.Value}"))}");
        }
    }

    private static bool IsExpected(MalformedKind kind, string code) => MalformedRequests.CodesOf(kind) is { } codes
        ? codes.Contains(code)
        : !ServersFault.Contains(code) && (kind == MalformedKind.Blind || !code.StartsWith('{'));

    /// <summary>The control: what the malformed ones are made of is taken, and seen in the tables.</summary>
    [Fact]
    public async Task Samples_AreTakenAndStored()
    {
        await MakeTopicAsync();
        var before = await RowsAsync();
        foreach (var (number, (version, action, body)) in MalformedRequests.Samples.Index())
        {
            var answer = await server.SendAsync(new() { Version = version, Action = action, Body = MalformedRequests.Named(body, $"sample-{number}") });
            Assert.StartsWith("{", TencentFixture.CodeOf(answer), StringComparison.Ordinal);
        }

        var after = await RowsAsync();
        Assert.Equal(
            [("jobs", 2L), ("tasks", 3L), ("environments", 1L), ("task_templates", 1L), ("topics", 3L), ("subscriptions", 1L), ("idempotency_keys", 2L)],
            after.Zip(before, (now, then) => (now.Table, now.Rows - then.Rows)).Take(7));
    }

    /// <summary>The same with the older signature: what it carries is taken when nothing is spoiled.</summary>
    [Fact]
    public async Task SamplesAsForms_AreTaken()
    {
        await MakeTopicAsync();
        foreach (var (number, (version, action, body)) in MalformedRequests.Samples.Index())
        {
            var parameters = OlderCall.Flatten(JsonNode.Parse(MalformedRequests.Named(body, $"form-{number}")));
            var answer = await server.SendOlderAsync(new() { Version = version, Action = action, Method = number % 2 == 0 ? "POST" : "GET", Parameters = [.. parameters] });
            Assert.StartsWith("{", TencentFixture.CodeOf(answer), StringComparison.Ordinal);
        }
    }

    /// <summary>Whoever keeps a connection and sends nothing more loses it: <c>Tencent.BodySeconds</c>, here 2, and what the web server itself waits then.</summary>
    [Fact]
    public async Task BodyThatDoesNotCome_EndsTheConnection()
    {
        var signed = new MalformedRequests(0, server.RequestOf).SignedHead(new(), "Content-Length: 2");
        const string Form = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 20\r\n\r\nAction=";
        string[] heads = [signed, signed + "{", Form, MalformedRequests.Unsigned(2)];

        var codes = await Task.WhenAll(heads.Select(head => SendAsync(Encoding.ASCII.GetBytes(head), keepsOpen: true))).WaitAsync(Bound);

        Assert.Equal(["InvalidRequest", "InvalidRequest", "InvalidRequest", "AuthFailure.InvalidAuthorization"], codes);
    }

    private async Task MakeTopicAsync() => await server.SendAsync(new() { Version = "2020-02-17", Action = "CreateCmqTopic", Body = $$"""{"TopicName":"{{MalformedRequests.Topic}}"}""" });

    private async Task<string> SendAsync(Malformed request) => request switch
    {
        { Call: { } call } => TencentFixture.CodeOf(await server.SendAsync(call)),
        { Older: { } older } => TencentFixture.CodeOf(await server.SendOlderAsync(older)),
        _ => await SendAsync(request.Bytes!, request.KeepsOpen),
    };

    private async Task<(string Table, long Rows)[]> RowsAsync()
    {
        var rows = new List<(string, long)>();
        foreach (var table in Tables)
        {
            rows.Add((table, await server.CountAsync(table)));
        }

        return [.. rows];
    }

    /// <summary>Sends bytes, ends the sending side unless it is to stay open, and reads to the end. The code of the answer, its status, or nothing.</summary>
    private async Task<string> SendAsync(byte[] bytes, bool keepsOpen)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Url.Host, server.Url.Port);
        var stream = client.GetStream();
        try
        {
            await stream.WriteAsync(bytes);
            if (!keepsOpen)
            {
                client.Client.Shutdown(SocketShutdown.Send);
            }

            using var reader = new StreamReader(stream, Encoding.UTF8);
            var answer = await reader.ReadToEndAsync();
            var status = answer.Split(' ').ElementAtOrDefault(1) ?? "";
            Assert.False(status.StartsWith('5'), answer);
            return status == "200" ? TencentFixture.CodeOf(JsonDocument.Parse(answer[answer.IndexOf('{', StringComparison.Ordinal)..(answer.LastIndexOf('}') + 1)]).RootElement.GetProperty("Response")) : status;
        }
        catch (Exception fault) when (fault is IOException or SocketException)
        {
            // The server broke the connection off, as it may.
            return "";
        }
    }

    private static int? Number(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
