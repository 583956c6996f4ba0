using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Protocol;

/// <summary>
/// The agent protocol over HTTP. Long polls, reports with output, and heartbeats each have connections of their own, so that a busy
/// one never delays a heartbeat. Nothing is tried twice here: callers know what may be repeated.
/// </summary>
internal sealed class ServerClient : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(60);

    // Shorter than any usual lease: an answer that hangs is asked for again while the node still counts as alive.
    private static readonly TimeSpan JoinTimeout = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(5);
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly MediaTypeHeaderValue Bytes = new("application/octet-stream");

    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _work;
    private readonly HttpClient _reports;
    private readonly HttpClient _heartbeats;
    private JoinResponse? _node;
    private long _answered;

    internal ServerClient(AgentOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _answered = time.GetTimestamp();
        _work = MakeClient();
        _reports = MakeClient();
        _heartbeats = MakeClient();
    }

    /// <summary>How long ago a server answered last, whatever it said; at first, how long this client exists.</summary>
    internal TimeSpan SinceAnswer => _time.GetElapsedTime(Volatile.Read(ref _answered));

    private JoinResponse Node => _node ?? throw new InvalidOperationException("Nothing but join may be asked before it succeeded.");

    /// <summary>Joins; what is asked later is asked as the node and epoch of the last join.</summary>
    internal async Task<Answer<JoinResponse>> JoinAsync(JoinRequest request, CancellationToken cancellation)
    {
        var answer = await SendAsync<JoinResponse>(_heartbeats, AgentRoutes.Join, JsonBody(request), _options.JoinToken, JoinTimeout, cancellation);
        _node = answer.Body ?? _node;
        return answer;
    }

    /// <summary>Goes on as the node and epoch of an earlier agent's join.</summary>
    internal void Resume(JoinResponse node) => _node = node;

    /// <summary>Long poll of at most <see cref="WorkRequest.WaitSeconds"/>.</summary>
    internal Task<Answer<WorkResponse>> WorkAsync(WorkRequest request, CancellationToken cancellation) =>
        NodeAsync<WorkResponse>(_work, AgentRoutes.Work(Node.NodeId), JsonBody(request), RequestTimeout + TimeSpan.FromSeconds(request.WaitSeconds), cancellation);

    /// <summary>Tells what happened; answered once it is committed.</summary>
    internal Task<Answer<ReportResponse>> ReportAsync(ReportRequest request, CancellationToken cancellation) =>
        NodeAsync<ReportResponse>(_reports, AgentRoutes.Report(Node.NodeId), JsonBody(request), RequestTimeout, cancellation);

    /// <summary>Proves life; given up after a third of the lease, so that another one fits in before it runs out.</summary>
    internal Task<Answer<HeartbeatResponse>> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellation) =>
        NodeAsync<HeartbeatResponse>(
            _heartbeats, AgentRoutes.Heartbeat(Node.NodeId), JsonBody(request), TimeSpan.FromSeconds(Math.Max(1, Node.LeaseSeconds / 3.0)), cancellation);

    /// <summary>Asks which directories are kept for nobody any more; harmless when repeated.</summary>
    internal Task<Answer<KeptResponse>> KeptAsync(KeptRequest request, CancellationToken cancellation) =>
        NodeAsync<KeptResponse>(_heartbeats, AgentRoutes.Kept(Node.NodeId), JsonBody(request), RequestTimeout, cancellation);

    /// <summary>Uploads a piece of output, at most <see cref="JoinResponse.MaxPieceBytes"/>, to a route of <see cref="AgentRoutes.Output"/>; harmless when repeated.</summary>
    internal Task<Answer<Nothing>> UploadAsync(string route, ReadOnlyMemory<byte> piece, CancellationToken cancellation)
    {
        var body = new ReadOnlyMemoryContent(piece);
        body.Headers.ContentType = Bytes;
        return SendAsync<Nothing>(_reports, route, body, Node.NodeToken, RequestTimeout, cancellation);
    }

    /// <summary>Leaves for good.</summary>
    internal Task<Answer<Nothing>> LeaveAsync(CancellationToken cancellation) =>
        NodeAsync<Nothing>(_heartbeats, AgentRoutes.Leave(Node.NodeId), JsonBody(new LeaveRequest(Node.Epoch)), LeaveTimeout, cancellation);

    public void Dispose()
    {
        _work.Dispose();
        _reports.Dispose();
        _heartbeats.Dispose();
    }

    private static ByteArrayContent JsonBody<T>(T value)
    {
        var body = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value, BatchPlaneJson.Options));
        body.Headers.ContentType = Json;
        return body;
    }

    private HttpClient MakeClient()
    {
        var handler = new SocketsHttpHandler { ConnectTimeout = ConnectTimeout, PooledConnectionLifetime = TimeSpan.FromMinutes(10), UseCookies = false, AllowAutoRedirect = false };
        return new HttpClient(handler) { BaseAddress = _options.ServerUrl, Timeout = Timeout.InfiniteTimeSpan };
    }

    private Task<Answer<T>> NodeAsync<T>(HttpClient client, string route, HttpContent body, TimeSpan timeout, CancellationToken cancellation)
        where T : class => SendAsync<T>(client, route, body, Node.NodeToken, timeout, cancellation);

    private async Task<Answer<T>> SendAsync<T>(HttpClient client, string route, HttpContent body, string token, TimeSpan timeout, CancellationToken cancellation)
        where T : class
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, route) { Content = body };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var limit = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseContentRead, either.Token);
            var answer = await ReadAsync<T>(response, either.Token);
            if (answer.Kind != AnswerKind.Unavailable)
            {
                Volatile.Write(ref _answered, _time.GetTimestamp());
            }

            return answer;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return new Answer<T>(AnswerKind.Unavailable, null, e.Message);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new Answer<T>(AnswerKind.Unavailable, null, $"no answer within {timeout}");
        }
    }

    private static async Task<Answer<T>> ReadAsync<T>(HttpResponseMessage response, CancellationToken cancellation)
        where T : class
    {
        if (response.IsSuccessStatusCode)
        {
            return new Answer<T>(AnswerKind.Ok, await ReadBodyAsync<T>(response.Content, cancellation), "");
        }

        var problem = await ReadProblemAsync(response.Content, cancellation);
        var detail = $"{(int)response.StatusCode} {problem?.Code ?? response.ReasonPhrase}: {problem?.Detail ?? problem?.Title ?? "no further word"}";
        return new Answer<T>(Judge(response.StatusCode, problem), null, detail);
    }

    private static async Task<T> ReadBodyAsync<T>(HttpContent content, CancellationToken cancellation)
        where T : class
    {
        if (typeof(T) == typeof(Nothing))
        {
            return (T)(object)Nothing.Instance;
        }

        var body = await content.ReadAsByteArrayAsync(cancellation);
        return JsonSerializer.Deserialize<T>(body, BatchPlaneJson.Options) ?? throw new JsonException("The answer is null.");
    }

    private static async Task<Problem?> ReadProblemAsync(HttpContent content, CancellationToken cancellation)
    {
        if (content.Headers.ContentType?.MediaType is not "application/problem+json")
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<Problem>(await content.ReadAsByteArrayAsync(cancellation), BatchPlaneJson.Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static AnswerKind Judge(HttpStatusCode status, Problem? problem) => status switch
    {
        HttpStatusCode.Conflict when problem?.Code == AgentRoutes.FencedCode => AnswerKind.Fenced,
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Gone when problem is not null => AnswerKind.Unknown,
        HttpStatusCode.ServiceUnavailable when problem?.Code == AgentRoutes.OutputStorageCode => AnswerKind.NoStorage,
        HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests => AnswerKind.Unavailable,
        >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError => AnswerKind.Refused,
        _ => AnswerKind.Unavailable,
    };
}
