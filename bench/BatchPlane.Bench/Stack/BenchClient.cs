using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Bench.Stack;

/// <summary>The REST API as a client sees it.</summary>
internal sealed class BenchClient : IDisposable
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan JobLimit = TimeSpan.FromMinutes(20);

    private readonly HttpClient _http;

    internal BenchClient(string url, string apiKey)
    {
        _http = new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(1) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
    }

    /// <summary>A job of one task that does nothing.</summary>
    internal static string Noop(int instances, int priority = 0) => Job("""{"builtin":"noop"}""", instances, priority);

    /// <summary>A job of one task.</summary>
    internal static string Job(string application, int instances, int priority = 0) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"priority":{{priority}},"tasks":[{"application":{{application}},"task_instance_num":{{instances}}}]}""");

    /// <summary>Submits and returns the job's id.</summary>
    internal async Task<string> SubmitAsync(string document, CancellationToken cancellation) =>
        JsonSerializer.Deserialize<SubmitJobResponse>(await PostAsync("/v1/jobs", document, cancellation), BatchPlaneJson.Options)!.JobId;

    /// <summary>Sends a document and returns the answer.</summary>
    /// <exception cref="BenchFailure">It was refused.</exception>
    internal async Task<string> PostAsync(string path, string document, CancellationToken cancellation)
    {
        using var body = new StringContent(document, Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync(path, body, cancellation);
        var text = await answer.Content.ReadAsStringAsync(cancellation);
        return answer.IsSuccessStatusCode ? text : throw new BenchFailure($"POST {path} was refused: {text}");
    }

    /// <summary>Changes something and returns the answer.</summary>
    /// <exception cref="BenchFailure">It was refused.</exception>
    internal async Task<string> PatchAsync(string path, string document, CancellationToken cancellation)
    {
        using var body = new StringContent(document, Encoding.UTF8, "application/json");
        using var answer = await _http.PatchAsync(path, body, cancellation);
        var text = await answer.Content.ReadAsStringAsync(cancellation);
        return answer.IsSuccessStatusCode ? text : throw new BenchFailure($"PATCH {path} was refused: {text}");
    }

    /// <summary>A job as it is.</summary>
    internal Task<JobDetail> JobAsync(string jobId, CancellationToken cancellation) => GetAsync<JobDetail>($"/v1/jobs/{jobId}", cancellation);

    /// <summary>Id of the only environment.</summary>
    internal async Task<string> EnvironmentAsync(CancellationToken cancellation) => (await GetAsync<Page<EnvironmentView>>("/v1/environments", cancellation)).Items.Single().EnvId;

    /// <summary>Waits until all instances succeeded.</summary>
    /// <exception cref="BenchFailure">The job ended otherwise, or not at all.</exception>
    internal async Task SucceededAsync(string jobId, CancellationToken cancellation)
    {
        var begin = Stopwatch.GetTimestamp();
        while (true)
        {
            var job = await JobAsync(jobId, cancellation);
            if (job.JobState == RunState.Succeed)
            {
                return;
            }

            if (job.FinishedAt is not null || Stopwatch.GetElapsedTime(begin) > JobLimit)
            {
                throw new BenchFailure($"job {jobId} is {job.JobState} after {Stopwatch.GetElapsedTime(begin)}: {job.TaskInstanceMetrics}");
            }

            await Task.Delay(LookAgain, cancellation);
        }
    }

    /// <summary>Nodes that take work in all environments.</summary>
    internal async Task<long> RunningNodesAsync(CancellationToken cancellation) =>
        (await GetAsync<Page<EnvironmentView>>("/v1/environments", cancellation)).Items.Sum(environment => environment.ComputeNodeMetrics.RunningCount);

    /// <summary>True when the server answers and is ready.</summary>
    internal async Task<bool> IsReadyAsync(CancellationToken cancellation)
    {
        try
        {
            using var answer = await _http.GetAsync("/health/ready", cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<T> GetAsync<T>(string path, CancellationToken cancellation)
    {
        using var answer = await _http.GetAsync(path, cancellation);
        answer.EnsureSuccessStatusCode();
        return JsonSerializer.Deserialize<T>(await answer.Content.ReadAsByteArrayAsync(cancellation), BatchPlaneJson.Options)!;
    }
}
