using System.Collections.Concurrent;
using System.Text.Json;
using BatchPlane.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent.Tests;

/// <summary>
/// The server's half of the agent protocol over real HTTP, scripted by the test. It fences by epoch, grants what was offered within the
/// asked capacity, to the last of several polls, and keeps everything it is told.
/// </summary>
internal sealed class FakeServer : IAsyncDisposable
{
    internal const string JoinToken = "join-secret";

    private readonly Lock _gate = new();
    private readonly WebApplication _app;
    private readonly List<ClaimGrant> _offers = [];
    private readonly List<ClaimGrant> _lost = [];
    private readonly List<ClaimGrant> _granted = [];
    private readonly Dictionary<long, string> _jobsOfClaims = [];
    private readonly HashSet<long> _terminatedClaims = [];
    private readonly HashSet<AttemptRef> _terminatedAttempts = [];
    private readonly Dictionary<AttemptRef, AttemptReport> _ends = [];
    private readonly Dictionary<string, MemoryStream> _outputs = [];
    private int _toldTerminated;
    private long _nextClaim;
    private long _polls;
    private long _epoch;

    private FakeServer(WebApplication app) => _app = app;

    internal Uri Url => new(_app.Urls.First());

    internal JoinResponse Terms { get; init; } = new()
    {
        NodeId = "node-00000001",
        EnvId = "env-00000001",
        Epoch = 0,
        NodeToken = "",
        LeaseSeconds = 15,
        HeartbeatSeconds = 1,
        KillGraceSeconds = 1,
        MaxOutputBytes = 64 * 1024,
    };

    internal ConcurrentQueue<JoinRequest> Joins { get; } = new();

    internal ConcurrentQueue<HeartbeatRequest> Heartbeats { get; } = new();

    internal ConcurrentQueue<WorkRequest> WorkRequests { get; } = new();

    internal ConcurrentQueue<(AttemptRef Attempt, AttemptReport Report)> Reports { get; } = new();

    internal ConcurrentQueue<int> ReportSizes { get; } = new();

    internal ConcurrentQueue<(string Key, long Offset, int Size)> Pieces { get; } = new();

    internal ConcurrentDictionary<AttemptRef, bool> Refuse { get; } = new();

    /// <summary>Attempts whose directory nobody wants any more.</summary>
    internal ConcurrentDictionary<KeptAttempt, bool> Released { get; } = new();

    /// <summary>What the last questions about kept directories named, in their order.</summary>
    internal ConcurrentQueue<IReadOnlyList<KeptAttempt>> AskedAbout { get; } = new();

    /// <summary>Connections are broken off without an answer.</summary>
    internal volatile bool Away;

    /// <summary>Joins are carried out but their answer is lost.</summary>
    internal volatile bool LoseJoinAnswers;

    /// <summary>Reports are carried out but their answer is lost.</summary>
    internal volatile bool LoseReportAnswers;

    /// <summary>Reports whose output could not be stored, with how often each came.</summary>
    internal ConcurrentDictionary<AttemptRef, int> Unstored { get; } = new();

    /// <summary>No output can be stored.</summary>
    internal volatile bool StorageFails;

    /// <summary>Larger pieces are refused, whatever was told at the join.</summary>
    internal volatile int TakesPieceBytes = int.MaxValue;

    internal volatile bool Drain;

    internal volatile int JoinStatus = 200;

    internal volatile int Left;

    internal static async Task<FakeServer> StartAsync(Func<JoinResponse, JoinResponse>? terms = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new FakeServer(app);
        server = terms is null ? server : new FakeServer(app) { Terms = terms(server.Terms) };
        server.Map();
        await app.StartAsync();
        return server;
    }

    /// <summary>Attempts 0 to count - 1, to be granted to whoever asks.</summary>
    internal ClaimGrant Offer(RunSpec run, int count = 1, long taskId = 1, string jobId = "job-00000001", int attempt = 1, int first = 0)
    {
        var offer = Claim(run, count, taskId, jobId, attempt, first);
        lock (_gate)
        {
            _offers.Add(offer);
        }

        return offer;
    }

    /// <summary>A grant whose answer never arrived: told with every heartbeat that does not name its claim, until it is acknowledged.</summary>
    internal ClaimGrant Lose(RunSpec run, int count = 1, long taskId = 1, string jobId = "job-00000001")
    {
        var grant = Claim(run, count, taskId, jobId, 1, 0);
        lock (_gate)
        {
            _lost.Add(grant);
        }

        return grant;
    }

    /// <summary>Orders the end of everything offered of a job so far.</summary>
    internal void Terminate(string jobId)
    {
        lock (_gate)
        {
            _terminatedClaims.UnionWith(_jobsOfClaims.Where(pair => pair.Value == jobId).Select(pair => pair.Key));
        }
    }

    /// <summary>Orders the end of a claim, also of one to come; the first has number 1.</summary>
    internal void TerminateClaim(long claimId)
    {
        lock (_gate)
        {
            _terminatedClaims.Add(claimId);
        }
    }

    /// <summary>Orders the end of one attempt.</summary>
    internal void TerminateAttempt(int index, long taskId = 1, int attempt = 1)
    {
        lock (_gate)
        {
            _terminatedAttempts.Add(new(taskId, index, attempt));
        }
    }

    /// <summary>Gives the node up: every request of its epoch is fenced from now on.</summary>
    internal void Fence()
    {
        lock (_gate)
        {
            _epoch++;
            _offers.Clear();
            _lost.Clear();
            _granted.Clear();
        }
    }

    internal bool HasEnd(int index, long taskId = 1, int attempt = 1)
    {
        lock (_gate)
        {
            return _ends.ContainsKey(new AttemptRef(taskId, index, attempt));
        }
    }

    internal int EndCount()
    {
        lock (_gate)
        {
            return _ends.Count;
        }
    }

    internal async Task<AttemptReport> EndAsync(int index = 0, long taskId = 1, int attempt = 1)
    {
        await Eventually.ReachAsync(() => HasEnd(index, taskId, attempt), Describe);
        lock (_gate)
        {
            return _ends[new AttemptRef(taskId, index, attempt)];
        }
    }

    internal Task BegunAsync(int index = 0, long taskId = 1, int attempt = 1) =>
        Eventually.ReachAsync(() => Reports.Any(r => r.Attempt == new AttemptRef(taskId, index, attempt) && r.Report.Outcome == AttemptOutcome.Running), Describe);

    /// <summary>Uploaded output; empty when there is none.</summary>
    internal byte[] Output(string stream, int index = 0, long taskId = 1, int attempt = 1)
    {
        lock (_gate)
        {
            return _outputs.TryGetValue($"{taskId}/{index}/{attempt}/{stream}", out var output) ? output.ToArray() : [];
        }
    }

    internal string Describe() =>
        $"epoch {_epoch}, {Joins.Count} joins, {Heartbeats.Count} heartbeats, last claims [{string.Join(',', Heartbeats.LastOrDefault()?.Claims ?? [])}], reports: "
        + string.Join("; ", Reports.TakeLast(20).Select(r => $"{r.Attempt.TaskId}.{r.Attempt.Index}.{r.Attempt.Attempt} {r.Report.Outcome} {r.Report.ExitCode} {r.Report.Signal} {r.Report.Reason}"));

    public async ValueTask DisposeAsync()
    {
        // Long polls would hold up an orderly stop.
        Away = true;
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private ClaimGrant Claim(RunSpec run, int count, long taskId, string jobId, int attempt, int first) => new()
    {
        ClaimId = NextClaim(jobId),
        JobId = jobId,
        TaskId = taskId,
        TaskName = $"task{taskId}",
        TaskInstanceNum = count,
        Run = run.TimeoutSeconds == 0 ? run with { TimeoutSeconds = 3600 } : run,
        Attempts = [new AttemptRange(first, count, attempt)],
    };

    private long NextClaim(string jobId)
    {
        lock (_gate)
        {
            _jobsOfClaims[++_nextClaim] = jobId;
            return _nextClaim;
        }
    }

    private void Map()
    {
        _app.Use(async (context, next) =>
        {
            if (Away)
            {
                context.Abort();
                return;
            }

            await next(context);
        });
        _app.MapPost(AgentRoutes.Join, (RequestDelegate)JoinAsync);
        _app.MapPost("/agent/v1/nodes/{node}/work", (RequestDelegate)WorkAsync);
        _app.MapPost("/agent/v1/nodes/{node}/report", (RequestDelegate)ReportAsync);
        _app.MapPost("/agent/v1/nodes/{node}/heartbeat", (RequestDelegate)HeartbeatAsync);
        _app.MapPost("/agent/v1/nodes/{node}/kept", (RequestDelegate)KeptAsync);
        _app.MapPost("/agent/v1/nodes/{node}/leave", (RequestDelegate)LeaveAsync);
        _app.MapPost("/agent/v1/nodes/{node}/output/{job}/{task}/{index}/{attempt}/{stream}", (RequestDelegate)OutputAsync);
    }

    private async Task JoinAsync(HttpContext context)
    {
        var request = await ReadAsync<JoinRequest>(context);
        Assert.Equal($"Bearer {JoinToken}", context.Request.Headers.Authorization.ToString());
        Joins.Enqueue(request);
        if (LoseJoinAnswers)
        {
            context.Abort();
            return;
        }

        if (JoinStatus != 200)
        {
            await ProblemAsync(context, JoinStatus, "unauthorized");
            return;
        }

        long epoch;
        lock (_gate)
        {
            epoch = ++_epoch;
        }

        await WriteAsync(context, Terms with { Epoch = epoch, NodeToken = $"token-{epoch}" });
    }

    private async Task WorkAsync(HttpContext context)
    {
        var request = await ReadAsync<WorkRequest>(context);
        WorkRequests.Enqueue(request);
        var poll = Interlocked.Increment(ref _polls);
        var until = DateTimeOffset.UtcNow.AddSeconds(request.WaitSeconds);
        while (true)
        {
            if (await IsFencedAsync(context, request.Epoch))
            {
                return;
            }

            var isLast = poll == Volatile.Read(ref _polls);
            var response = new WorkResponse { Claims = isLast ? Grant(request.Capacity) : [], Terminations = Terminated(), Drain = Drain };
            if (response.Claims.Count > 0 || (!response.Terminations.IsEmpty && Interlocked.Exchange(ref _toldTerminated, 1) == 0) || response.Drain || !isLast || DateTimeOffset.UtcNow > until || Away)
            {
                await WriteAsync(context, response);
                return;
            }

            await Task.Delay(2, context.RequestAborted);
        }
    }

    private List<ClaimGrant> Grant(int capacity)
    {
        var granted = new List<ClaimGrant>();
        lock (_gate)
        {
            while (capacity > 0 && _offers.Count > 0)
            {
                var offer = _offers[0];
                var range = offer.Attempts[0];
                var count = Math.Min(range.Count, capacity);
                capacity -= count;
                granted.Add(offer with { Attempts = [range with { Count = count }] });
                _granted.Add(granted[^1]);
                if (count == range.Count)
                {
                    _offers.RemoveAt(0);
                }
                else
                {
                    _offers[0] = offer with
                    {
                        ClaimId = NextClaim(offer.JobId),
                        Attempts = [range with { FirstIndex = range.FirstIndex + count, Count = range.Count - count }],
                    };
                }
            }
        }

        return granted;
    }

    private async Task KeptAsync(HttpContext context)
    {
        var request = await ReadAsync<KeptRequest>(context);
        AskedAbout.Enqueue(request.Attempts);
        await WriteAsync(context, new KeptResponse([.. request.Attempts.Where(Released.ContainsKey)]));
    }

    private async Task ReportAsync(HttpContext context)
    {
        var request = await ReadAsync<ReportRequest>(context);
        if (await IsFencedAsync(context, request.Epoch))
        {
            return;
        }

        var refused = new List<AttemptRef>();
        var unstored = new List<AttemptRef>();
        ReportSizes.Enqueue(request.Tasks.Sum(task => task.Attempts.Count));
        foreach (var task in request.Tasks)
        {
            foreach (var report in task.Attempts)
            {
                var attempt = new AttemptRef(task.TaskId, report.Index, report.Attempt);
                if (StorageFails && (report.Stdout ?? report.Stderr) is not null)
                {
                    unstored.Add(attempt);
                    Unstored.AddOrUpdate(attempt, 1, (_, times) => times + 1);
                    continue;
                }

                Accept(attempt, report, refused);
            }
        }

        if (LoseReportAnswers)
        {
            context.Abort();
            return;
        }

        await WriteAsync(context, new ReportResponse { Refused = refused, Unstored = unstored, UnstoredBecause = unstored.Count == 0 ? null : "no space" });
    }

    private void Accept(AttemptRef attempt, AttemptReport report, List<AttemptRef> refused)
    {
        Reports.Enqueue((attempt, report));
        if (Refuse.ContainsKey(attempt))
        {
            refused.Add(attempt);
        }
        else if (report.Outcome != AttemptOutcome.Running)
        {
            lock (_gate)
            {
                _ends.TryAdd(attempt, report);
            }
        }
    }

    private async Task HeartbeatAsync(HttpContext context)
    {
        var request = await ReadAsync<HeartbeatRequest>(context);
        if (await IsFencedAsync(context, request.Epoch))
        {
            return;
        }

        Heartbeats.Enqueue(request);
        IReadOnlyList<ClaimGrant> lost;
        lock (_gate)
        {
            lost = [.. _lost.Where(grant => !request.Claims.Contains(grant.ClaimId)), .. request.Resumed ? _granted.Select(Unended) : []];
        }

        await WriteAsync(context, new HeartbeatResponse { Claims = lost, Terminations = Terminated(), Drain = Drain });
    }

    private ClaimGrant Unended(ClaimGrant grant)
    {
        var range = grant.Attempts[0];
        return grant with
        {
            Attempts = [.. Enumerable.Range(range.FirstIndex, range.Count)
                .Where(index => !_ends.ContainsKey(new AttemptRef(grant.TaskId, index, range.Attempt)))
                .Select(index => new AttemptRange(index, 1, range.Attempt))],
        };
    }

    private async Task LeaveAsync(HttpContext context)
    {
        var request = await ReadAsync<LeaveRequest>(context);
        if (!await IsFencedAsync(context, request.Epoch))
        {
            Interlocked.Increment(ref Left);
            context.Response.StatusCode = 204;
        }
    }

    private async Task OutputAsync(HttpContext context)
    {
        var offset = long.Parse(context.Request.Query["offset"].ToString());
        if (await IsFencedAsync(context, long.Parse(context.Request.Query["epoch"].ToString())))
        {
            return;
        }

        using var piece = new MemoryStream();
        await context.Request.Body.CopyToAsync(piece);
        if (StorageFails || piece.Length > TakesPieceBytes)
        {
            await (StorageFails ? ProblemAsync(context, 503, AgentRoutes.OutputStorageCode) : ProblemAsync(context, 413, "body_too_large"));
            return;
        }

        string Value(string name) => (string)context.GetRouteValue(name)!;
        var key = $"{Value("task")}/{Value("index")}/{Value("attempt")}/{Value("stream")}";
        Pieces.Enqueue((key, offset, (int)piece.Length));
        lock (_gate)
        {
            if (!_outputs.TryGetValue(key, out var output))
            {
                _outputs[key] = output = new MemoryStream();
            }

            Assert.True(offset <= output.Length, $"a gap before offset {offset} of {key}");
            output.Position = offset;
            piece.WriteTo(output);
        }

        context.Response.StatusCode = 204;
    }

    private TerminationOrders Terminated()
    {
        lock (_gate)
        {
            return new() { Claims = [.. _terminatedClaims], Attempts = [.. _terminatedAttempts] };
        }
    }

    private async Task<bool> IsFencedAsync(HttpContext context, long epoch)
    {
        if (epoch == Interlocked.Read(ref _epoch))
        {
            Assert.Equal($"Bearer token-{epoch}", context.Request.Headers.Authorization.ToString());
            return false;
        }

        await ProblemAsync(context, 409, AgentRoutes.FencedCode);
        return true;
    }

    private static async Task ProblemAsync(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/problem+json";
        await JsonSerializer.SerializeAsync(
            context.Response.Body, new Problem { Type = $"urn:batchplane:problem:{code}", Title = code, Status = status, Code = code }, BatchPlaneJson.Options);
    }

    private static async Task<T> ReadAsync<T>(HttpContext context) =>
        (await JsonSerializer.DeserializeAsync<T>(context.Request.Body, BatchPlaneJson.Options))!;

    private static async Task WriteAsync<T>(HttpContext context, T body)
    {
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(context.Response.Body, body, BatchPlaneJson.Options);
    }
}
