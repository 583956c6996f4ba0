using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Tests.Outputs;

/// <summary>The agent's half of the protocol, as far as outputs need it: joins, takes one attempt, uploads, reports.</summary>
internal sealed class OutputAgent
{
    private readonly HttpClient _http;
    private readonly JoinResponse _node;

    private OutputAgent(HttpClient http, JoinResponse node)
    {
        _http = http;
        _node = node;
    }

    /// <summary>What it was told when it joined.</summary>
    internal JoinResponse Terms => _node;

    internal static async Task<OutputAgent> JoinAsync(ServerFixture server)
    {
        var http = server.Anonymous;
        var request = new JoinRequest { HostName = "h", Cpu = 64, Mem = 64, Slots = 64, AgentVersion = "1" };
        return new(http, await PostAsync<JoinResponse>(http, AgentRoutes.Join, Json(request), ServerFixture.JoinToken));
    }

    /// <summary>Takes attempts that were granted.</summary>
    internal async Task<ClaimGrant> TakeAsync()
    {
        var work = new WorkRequest { Epoch = _node.Epoch, Capacity = 1, FreeCpuMillis = 64_000, FreeMemoryMib = 65_536, WaitSeconds = 20 };
        return Assert.Single((await PostAsync<WorkResponse>(_http, AgentRoutes.Work(_node.NodeId), Json(work), _node.NodeToken)).Claims);
    }

    internal async Task UploadAsync(ClaimGrant claim, long offset, string text)
    {
        var body = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
        var route = AgentRoutes.Output(_node.NodeId, claim.JobId, claim.TaskId, claim.Attempts[0].FirstIndex, claim.Attempts[0].Attempt, OutputStream.Stdout, offset, _node.Epoch);
        await PostAsync<object>(_http, route, body, _node.NodeToken);
    }

    internal async Task EndAsync(ClaimGrant claim, string? stderr = null, int exitCode = 0)
    {
        var answer = await ReportAsync(exitCode, (claim, stderr));
        Assert.Empty(answer.Refused);
        Assert.Empty(answer.Unstored);
    }

    internal Task LeaveAsync() => PostAsync<object>(_http, AgentRoutes.Leave(_node.NodeId), Json(new LeaveRequest(_node.Epoch)), _node.NodeToken);

    /// <summary>Reports the ends of several attempts at once.</summary>
    internal Task<ReportResponse> ReportAsync(int exitCode, params (ClaimGrant Claim, string? Stderr)[] ends)
    {
        var report = new ReportRequest { Epoch = _node.Epoch, Tasks = [.. ends.Select(end => new TaskReport { JobId = end.Claim.JobId, TaskId = end.Claim.TaskId, Attempts = [ToEnd(end.Claim, end.Stderr, exitCode)] })] };
        return PostAsync<ReportResponse>(_http, AgentRoutes.Report(_node.NodeId), Json(report), _node.NodeToken);
    }

    private static AttemptReport ToEnd(ClaimGrant claim, string? stderr, int exitCode) => new()
    {
        Index = claim.Attempts[0].FirstIndex,
        Attempt = claim.Attempts[0].Attempt,
        Outcome = AttemptOutcome.Exited,
        ExitCode = exitCode,
        BeganMsAgo = 1,
        EndedMsAgo = 0,
        Stderr = stderr is null ? null : Convert.ToBase64String(Encoding.UTF8.GetBytes(stderr)),
    };

    private static ByteArrayContent Json<T>(T value)
    {
        var body = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value, BatchPlaneJson.Options));
        body.Headers.ContentType = new("application/json");
        return body;
    }

    private static async Task<T> PostAsync<T>(HttpClient http, string route, HttpContent body, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, route) { Content = body };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return text.Length == 0 ? default! : JsonSerializer.Deserialize<T>(text, BatchPlaneJson.Options)!;
    }
}
