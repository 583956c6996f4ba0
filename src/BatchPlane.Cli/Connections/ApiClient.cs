using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Connections;

/// <summary>The REST API as the client verbs use it. Knows the wire contract and nothing else.</summary>
internal sealed class ApiClient : IDisposable
{
    /// <summary>How long one answer may take, connection included.</summary>
    internal static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;

    internal ApiClient(Connection connection)
    {
        Server = connection.Server;
        _http = new HttpClient { BaseAddress = connection.Server, Timeout = AnswerTimeout };
        if (connection.ApiKey is { } key)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }
    }

    /// <summary>Base URL of the server.</summary>
    internal Uri Server { get; }

    /// <summary>Reads one document.</summary>
    /// <exception cref="ApiRefusedException">The server answered 4xx.</exception>
    /// <exception cref="ServerUnreachableException">No answer, or 5xx.</exception>
    internal Task<Answer<T>> GetAsync<T>(string path, CancellationToken cancellation) =>
        SendAsync<T>(new HttpRequestMessage(HttpMethod.Get, path), cancellation);

    /// <summary>Sends a document of the contract. Errors as <see cref="GetAsync"/>.</summary>
    internal Task<Answer<T>> PostAsync<T>(string path, object body, CancellationToken cancellation) =>
        PostAsync<T>(path, JsonContent.Create(body, body.GetType(), options: BatchPlaneJson.Options), null, cancellation);

    /// <summary>Sends content as it is; with a key, repeating it has no further effect. Errors as <see cref="GetAsync"/>.</summary>
    internal Task<Answer<T>> PostAsync<T>(string path, HttpContent content, string? idempotencyKey, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        if (idempotencyKey is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", idempotencyKey);
        }

        return SendAsync<T>(request, cancellation);
    }

    /// <summary>Sends a document to a route whose answer has no body of interest. Errors as <see cref="GetAsync"/>.</summary>
    internal async Task PostAsync(string path, object body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = JsonContent.Create(body, body.GetType(), options: BatchPlaneJson.Options),
        };
        using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellation);
    }

    /// <summary>Changes something. Errors as <see cref="GetAsync"/>.</summary>
    internal async Task PatchAsync(string path, HttpContent content, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, path) { Content = content };
        using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellation);
    }

    /// <summary>Changes something, by a document of the contract. Errors as <see cref="GetAsync"/>.</summary>
    internal Task<Answer<T>> PatchAsync<T>(string path, object body, CancellationToken cancellation) => SendAsync<T>(
        new HttpRequestMessage(HttpMethod.Patch, path) { Content = JsonContent.Create(body, body.GetType(), options: BatchPlaneJson.Options) },
        cancellation);

    /// <summary>Removes something. Errors as <see cref="GetAsync"/>.</summary>
    internal async Task DeleteAsync(string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, path);
        using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellation);
    }

    /// <summary>Copies a body that is not JSON, such as a log, without holding it in memory. Errors as <see cref="GetAsync"/>.</summary>
    internal async Task CopyAsync(string path, Stream destination, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var response = await SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        try
        {
            await response.Content.CopyToAsync(destination, cancellation);
        }
        catch (HttpRequestException e)
        {
            throw new ServerUnreachableException($"{Server}: the connection broke off: {e.Message}", e);
        }
    }

    /// <summary>Opens a body that arrives over time; reading it may fail with <see cref="IOException"/> when the connection breaks off. Errors as <see cref="GetAsync"/>.</summary>
    internal async Task<HttpResponseMessage> OpenAsync(string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    /// <summary>Reads pages of a list until <paramref name="limit"/> items are there or the list ends.</summary>
    internal async Task<IReadOnlyList<Answer<T>>> ListAsync<T>(string path, int limit, CancellationToken cancellation)
    {
        const int PageSize = 100;
        var items = new List<Answer<T>>();
        string? cursor = null;
        do
        {
            var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            var query = $"{path}{separator}limit={Math.Min(PageSize, limit - items.Count)}";
            var page = await GetAsync<Page<JsonElement>>(cursor is null ? query : $"{query}&cursor={Uri.EscapeDataString(cursor)}", cancellation);
            items.AddRange(page.Value.Items.Select(item => Read<T>(item)));
            cursor = page.Value.NextCursor;
        }
        while (cursor is not null && items.Count < limit);

        return items;
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private async Task<Answer<T>> SendAsync<T>(HttpRequestMessage request, CancellationToken cancellation)
    {
        using (request)
        {
            using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellation);
            try
            {
                return Read<T>(await response.Content.ReadFromJsonAsync<JsonElement>(cancellation));
            }
            catch (JsonException e)
            {
                throw new ServerUnreachableException($"{request.RequestUri} did not answer with JSON of BatchPlane's contract: {e.Message}", e);
            }
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancellation)
    {
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, completion, cancellation);
        }
        catch (HttpRequestException e)
        {
            throw new ServerUnreachableException($"{Server} cannot be reached: {e.Message}", e);
        }
        catch (TaskCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new ServerUnreachableException($"{Server} did not answer within {AnswerTimeout.TotalSeconds:0} s", e);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await RefusalAsync(response, cancellation);
        }
    }

    private async Task<Exception> RefusalAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var problem = await ReadProblemAsync(response, cancellation);
        if (response.StatusCode < HttpStatusCode.InternalServerError)
        {
            return new ApiRefusedException(response.StatusCode, problem);
        }

        var what = problem is null ? response.ReasonPhrase : string.Join(": ", new[] { problem.Title, problem.Detail }.OfType<string>());
        return new ServerUnreachableException($"{Server} answered {(int)response.StatusCode}: {what}", null);
    }

    private static async Task<Problem?> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync<Problem>(BatchPlaneJson.Options, cancellation);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or HttpRequestException)
        {
            return null;
        }
    }

    private static Answer<T> Read<T>(JsonElement json) =>
        new(json.Deserialize<T>(BatchPlaneJson.Options) ?? throw new JsonException("the document is null"), json);
}

/// <summary>A document as this client understands it, and as the server wrote it: <c>-o json</c> shows members a newer server added.</summary>
/// <param name="Value">What this client understands.</param>
/// <param name="Json">All of it.</param>
internal sealed record Answer<T>(T Value, JsonElement Json);
