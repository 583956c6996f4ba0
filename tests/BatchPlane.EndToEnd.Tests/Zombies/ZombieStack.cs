using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BatchPlane.Cli.Dev;
using BatchPlane.Core.Access;
using BatchPlane.EndToEnd.Tests.Stack;
using BatchPlane.Server;
using BatchPlane.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;

namespace BatchPlane.EndToEnd.Tests.Zombies;

/// <summary>
/// A server with short leases, and two agents as processes of their own: one behind a proxy, which is there from the start, and another that is started
/// when it is wanted. The job has two instances; the first attempt of each says so by a file and waits for another one.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync of IAsyncLifetime.")]
public sealed class ZombieStack : IAsyncLifetime
{
    /// <summary>Seconds without a heartbeat after which a node is given up.</summary>
    public const int LeaseSeconds = 8;

    private const string Token = "zombies";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly string _directory = Directory.CreateTempSubdirectory("batchplane-zombies-").FullName;
    private readonly BootstrapKey _key = new(AccessSecrets.NewBearerKey(), AccessSecrets.NewSecretId(), AccessSecrets.NewSecretKey());
    private readonly List<BatchPlaneProcess> _agents = [];
    private readonly HttpClient _http = new();
    private TestDatabase _database = null!;
    private TestVirtualHost _virtualHost = null!;
    private WebApplication _server = null!;
    private string _envId = "";

    internal RecordingProxy Proxy { get; private set; } = null!;

    /// <summary>The agent behind the proxy.</summary>
    internal BatchPlaneProcess Agent => _agents[0];

    public async Task InitializeAsync()
    {
        _database = await TestServices.CreateDatabaseAsync();
        _virtualHost = await TestServices.CreateVirtualHostAsync();
        _server = ServerHost.Build(new()
        {
            Postgres = _database.ConnectionString,
            RabbitMq = _virtualHost.AmqpUri,
            Urls = ["http://127.0.0.1:0"],
            DataDirectory = Path.Combine(_directory, "server"),
            BootstrapKey = _key,
            JoinToken = Token,
            Options = new ConfigurationBuilder().AddInMemoryCollection(
            [
                KeyValuePair.Create("Nodes:LeaseSeconds", (string?)LeaseSeconds.ToString(CultureInfo.InvariantCulture)),
                KeyValuePair.Create("Nodes:HeartbeatSeconds", (string?)"1"),
                KeyValuePair.Create("Nodes:MonitorSeconds", (string?)"0.2"),
            ]).Build(),
        });
        await _server.StartAsync();
        Proxy = await RecordingProxy.StartAsync(_server.Urls.Single());
        _http.BaseAddress = new Uri(_server.Urls.Single());
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _key.BearerKey);
        _envId = (await SendAsync(HttpMethod.Post, "/v1/environments", """{"env_name":"zombies","provider":"attached"}""")).GetProperty("env_id").GetString()!;
        StartAgent(Proxy.Url);
    }

    public async Task DisposeAsync()
    {
        await Proxy.DisposeAsync();
        foreach (var agent in _agents)
        {
            // Not asked to end: it would wait for what it runs. What it runs ends with the kill of its leftovers below.
            Posix.Signal(agent.Pid, Posix.SigKill);
            await agent.ExitCodeAsync(Limit);
            agent.Dispose();
        }

        foreach (var keeper in Directory.EnumerateFiles(_directory, "keeper.pid", SearchOption.AllDirectories).Select(ProcessRecord.Read).OfType<ProcessRecord>().Where(keeper => keeper.IsRunning))
        {
            Posix.Signal(keeper.Pid, Posix.SigKill);
        }

        foreach (var file in Directory.EnumerateFiles(_directory, "pid.*"))
        {
            if (IsRunning(Pid(file)))
            {
                Posix.Signal(-Pid(file), Posix.SigKill);
            }
        }

        _http.Dispose();
        await _server.DisposeAsync();
        await _virtualHost.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    internal void StartSecondAgent() => StartAgent(_server.Urls.Single());

    /// <summary>Submits the job; its id.</summary>
    internal async Task<string> SubmitAsync()
    {
        var command = $"""
            echo $$ > {_directory}/new.$BATCH_TASK_INSTANCE_INDEX.$BATCH_ATTEMPT
            mv {_directory}/new.$BATCH_TASK_INSTANCE_INDEX.$BATCH_ATTEMPT {_directory}/pid.$BATCH_TASK_INSTANCE_INDEX.$BATCH_ATTEMPT
            while [ $BATCH_ATTEMPT = 1 ] && ! [ -e {_directory}/go.$BATCH_TASK_INSTANCE_INDEX ]; do sleep 0.1; done
            echo from attempt $BATCH_ATTEMPT
            """;
        var job = JsonSerializer.Serialize(new
        {
            env_id = _envId,
            tasks = new[] { new { task_name = "t", task_instance_num = 2, application = new { command } } },
        });
        return (await SendAsync(HttpMethod.Post, "/v1/jobs", job)).GetProperty("job_id").GetString()!;
    }

    /// <summary>Lets the first attempt of an instance come to its end.</summary>
    internal void Go(int instance) => File.Create($"{_directory}/go.{instance}").Dispose();

    /// <summary>Process that an attempt began, once it has.</summary>
    internal async Task<int> BegunAsync(int instance, int attempt)
    {
        var file = $"{_directory}/pid.{instance}.{attempt}";
        await Eventually.TrueAsync(() => File.Exists(file), Limit, () => $"{file} is missing\n{string.Join('\n', _agents.Select(agent => agent.Output))}");
        return Pid(file);
    }

    internal Task EventuallyAsync(Func<bool> condition, string what) =>
        Eventually.TrueAsync(condition, Limit, () => $"{what}\n{string.Join('\n', Proxy.Exchanges.TakeLast(20))}\n{Agent.Output}");

    internal async Task<string> EndedAsync(string job)
    {
        var state = "";
        for (var tries = 0; tries < 600 && state is not ("SUCCEED" or "FAILED"); tries++)
        {
            await Task.Delay(100);
            state = (await SendAsync(HttpMethod.Get, $"/v1/jobs/{job}")).GetProperty("job_state").GetString()!;
        }

        return state;
    }

    /// <summary>What the journal says of an instance, as <c>RUNNING 1</c> or <c>RUNNABLE 1 NODE_LOST</c>.</summary>
    internal async Task<IReadOnlyList<string>> StoryAsync(string job, int instance)
    {
        var rows = (await SendAsync(HttpMethod.Get, $"/v1/jobs/{job}/events?limit=500")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(Enumerable.Range(1, rows.Count).Select(n => (long)n), rows.Select(row => row.GetProperty("sequence").GetInt64()));
        return
        [
            .. rows.Where(row => row.TryGetProperty("task_instance_index", out var index) && index.ValueKind == JsonValueKind.Number && index.GetInt32() == instance)
                .Select(row => $"{row.GetProperty("state").GetString()} {row.GetProperty("attempt").GetInt32()}{Cause(row)}"),
        ];
    }

    internal async Task<string> OutputAsync(string job, int instance) =>
        await _http.GetStringAsync(new Uri($"/v1/jobs/{job}/tasks/t/instances/{instance}/logs/stdout", UriKind.Relative));

    internal static bool IsRunning(int pid)
    {
        try
        {
            // The state follows the name, which ends with the last bracket; Z is what is left of a process until its parent looks.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string Cause(JsonElement row) => row.TryGetProperty("cause", out var cause) && cause.ValueKind == JsonValueKind.String ? $" {cause.GetString()}" : "";

    private static int Pid(string file) => int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture);

    private void StartAgent(string server) => _agents.Add(BatchPlaneProcess.Start(
        _directory, "agent", "--server", server, "--token", Token, "--env", _envId, "--slots", "2", "--dir", Path.Combine(_directory, $"agent{_agents.Count}")));

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }
}
