using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
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

    private static readonly string[] Tables = ["jobs", "tasks", "environments", "task_templates", "topics", "subscriptions", "events"];
    private static readonly string[] ServersFault = ["InternalError", "ServiceUnavailable"];

    [Fact]
    public async Task MalformedRequests_AreRefusedAndStoreNothing()
    {
        var requests = Number("BATCHPLANE_SOAK_REQUESTS") ?? DefaultRequests;
        var seed = Number("BATCHPLANE_SOAK_SEED") ?? Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var malformed = new MalformedRequests(seed);
        var before = await RowsAsync();

        await Parallel.ForEachAsync(Enumerable.Range(0, requests), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, _) =>
        {
            var (call, bytes) = malformed.Make(number);
            var code = call is null ? await SendAsync(bytes!).WaitAsync(Bound) : TencentFixture.CodeOf(await server.SendAsync(call).WaitAsync(Bound));
            Assert.False(code.StartsWith('{') || ServersFault.Contains(code), $"Request {number} of seed {seed} was answered {code}: {call}{Encoding.UTF8.GetString(bytes ?? [])}");
        });

        Assert.Equal(before, await RowsAsync());
    }

    /// <summary>The control: what the malformed ones are made of is taken, and seen in the tables.</summary>
    [Fact]
    public async Task Samples_AreTakenAndStored()
    {
        var before = await RowsAsync();
        foreach (var (number, (version, action, body)) in MalformedRequests.Samples.Index())
        {
            var answer = await server.SendAsync(new() { Version = version, Action = action, Body = MalformedRequests.Named(body, $"sample-{number}") });
            Assert.StartsWith("{", TencentFixture.CodeOf(answer), StringComparison.Ordinal);
        }

        var after = await RowsAsync();
        Assert.Equal([("jobs", 1L), ("tasks", 2L), ("environments", 1L), ("task_templates", 1L), ("topics", 1L)], after.Zip(before, (now, then) => (now.Table, now.Rows - then.Rows)).Take(5));
    }

    private async Task<(string Table, long Rows)[]> RowsAsync()
    {
        var rows = new List<(string, long)>();
        foreach (var table in Tables)
        {
            rows.Add((table, await server.CountAsync(table)));
        }

        return [.. rows];
    }

    /// <summary>Sends bytes, ends the sending side and reads to the end. The code of the answer, its status, or nothing.</summary>
    private async Task<string> SendAsync(byte[] bytes)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Url.Host, server.Url.Port);
        var stream = client.GetStream();
        try
        {
            await stream.WriteAsync(bytes);
            client.Client.Shutdown(SocketShutdown.Send);
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
