using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Bench.Stack;

/// <summary>An agent without a machine: joins, beats, polls and reports over HTTP as a real one, and runs nothing: what it is granted has succeeded.</summary>
internal sealed class SimulatedAgent
{
    private const int PollSeconds = 30;
    private const int Slots = 4;

    private readonly HttpClient _http;
    private readonly JoinResponse _node;

    private SimulatedAgent(HttpClient http, JoinResponse node)
    {
        _http = http;
        _node = node;
    }

    /// <summary>Joins the default environment.</summary>
    internal static async Task<SimulatedAgent> JoinAsync(HttpClient http, string joinToken, CancellationToken cancellation)
    {
        var request = new JoinRequest { HostName = "simulated", Cpu = Slots, Mem = Slots, Slots = Slots, AgentVersion = "bench" };
        return new SimulatedAgent(http, await PostAsync<JoinResponse>(http, AgentRoutes.Join, request, joinToken, cancellation));
    }

    /// <summary>
    /// Beats until cancelled, at the server's interval, the first time after the given part of it, from 0 to 1: machines that joined at once do not beat at once for ever.
    /// </summary>
    /// <param name="phase">Where in the interval it beats.</param>
    /// <param name="beaten">Told after each beat that was answered.</param>
    /// <param name="cancellation">Ends it.</param>
    internal async Task BeatAsync(double phase, Action beaten, CancellationToken cancellation)
    {
        var interval = TimeSpan.FromSeconds(_node.HeartbeatSeconds);
        await Task.Delay(interval * phase, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var timer = new PeriodicTimer(interval);
        while (!cancellation.IsCancellationRequested)
        {
            var beat = new HeartbeatRequest { Epoch = _node.Epoch, Claims = [], IdleSeconds = 1, Load = 0, MemoryFreeMib = 1024, DiskFreeMib = 1024, DiskTotalMib = 1024 };
            await PostAsync<HeartbeatResponse>(_http, AgentRoutes.Heartbeat(_node.NodeId), beat, _node.NodeToken, cancellation);
            beaten();
            await timer.WaitForNextTickAsync(cancellation);
        }
    }

    /// <summary>Polls until cancelled and reports each grant as succeeded.</summary>
    /// <param name="granted">Told of each grant's job, with the timestamp of its arrival.</param>
    /// <param name="cancellation">Ends it.</param>
    internal async Task WorkAsync(Action<string, long> granted, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var poll = new WorkRequest { Epoch = _node.Epoch, Capacity = Slots, FreeCpuMillis = Slots * 1000, FreeMemoryMib = Slots * 1024, WaitSeconds = PollSeconds };
            var work = await PostAsync<WorkResponse>(_http, AgentRoutes.Work(_node.NodeId), poll, _node.NodeToken, cancellation);
            var arrived = Stopwatch.GetTimestamp();
            foreach (var claim in work.Claims)
            {
                granted(claim.JobId, arrived);
            }

            if (work.Claims.Count > 0)
            {
                var report = new ReportRequest { Epoch = _node.Epoch, Tasks = [.. work.Claims.Select(Succeeded)] };
                await PostAsync<ReportResponse>(_http, AgentRoutes.Report(_node.NodeId), report, _node.NodeToken, cancellation);
            }
        }
    }

    private static TaskReport Succeeded(ClaimGrant claim) => new()
    {
        JobId = claim.JobId,
        TaskId = claim.TaskId,
        Attempts = [.. claim.Attempts.SelectMany(range => Enumerable.Range(range.FirstIndex, range.Count).Select(index => new AttemptReport
        {
            Index = index,
            Attempt = range.Attempt,
            Outcome = AttemptOutcome.Exited,
            ExitCode = 0,
            BeganMsAgo = 0,
            EndedMsAgo = 0,
        }))],
    };

    private static async Task<T> PostAsync<T>(HttpClient http, string route, object body, string token, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, route) { Content = JsonContent.Create(body, body.GetType(), mediaType: null, BatchPlaneJson.Options) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await http.SendAsync(request, cancellation);
        return answer.IsSuccessStatusCode
            ? (await answer.Content.ReadFromJsonAsync<T>(BatchPlaneJson.Options, cancellation))!
            : throw new BenchFailure($"POST {route} was refused: {await answer.Content.ReadAsStringAsync(cancellation)}");
    }
}
