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

namespace BatchPlane.EndToEnd.Tests.NodeLoss;

/// <summary>A server with a short lease, and attached agents, each in a network namespace of its own.</summary>
internal sealed class NetworkedStack : IAsyncDisposable
{
    /// <summary>Seconds without a heartbeat after which a node is given up.</summary>
    internal const int LeaseSeconds = 4;

    /// <summary>Topic of the environment's events.</summary>
    internal const string Topic = "nodes";

    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private const string Token = "networks";

    private readonly string _directory = Directory.CreateTempSubdirectory("batchplane-networks-").FullName;
    private readonly BootstrapKey _key = new(AccessSecrets.NewBearerKey(), AccessSecrets.NewSecretId(), AccessSecrets.NewSecretKey());
    private readonly List<NetworkNamespace> _networks = [];
    private readonly List<BatchPlaneProcess> _agents = [];
    private readonly HttpClient _http = new();
    private TestDatabase _database = null!;
    private TestVirtualHost _virtualHost = null!;
    private WebApplication _server = null!;
    private string _envId = "";

    private NetworkedStack()
    {
    }

    internal IReadOnlyList<NetworkNamespace> Networks => _networks;

    internal QueueReader Queue { get; private set; } = null!;

    /// <summary>What all agents said.</summary>
    internal string Output => string.Join('\n', _agents.Select(agent => agent.Output));

    internal static async Task<NetworkedStack> StartAsync(int agents)
    {
        var stack = new NetworkedStack();
        try
        {
            await stack.BeginAsync(agents);
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }

        return stack;
    }

    /// <summary>Stops the server; what listens is gone.</summary>
    internal async Task StopServerAsync() => await _server.DisposeAsync();

    /// <summary>Starts another one at the same addresses.</summary>
    internal async Task StartServerAsync(IReadOnlyList<string> urls)
    {
        _server = ServerHost.Build(new()
        {
            Postgres = _database.ConnectionString,
            RabbitMq = _virtualHost.AmqpUri,
            Urls = urls,
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
    }

    internal IReadOnlyList<string> Urls => [.. _server.Urls];

    /// <summary>Submits instances that each say where they run and wait to be let go; no failure is tried again.</summary>
    internal async Task<string> SubmitAsync(string name, int instances)
    {
        var mark = $"{_directory}/{name}.$BATCH_TASK_INSTANCE_INDEX.$BATCH_ATTEMPT";
        var command = $"""
            echo $$ $(readlink /proc/$$/ns/net) > {mark}.new
            mv {mark}.new {mark}
            until [ -e {_directory}/{name}.go ]; do sleep 0.1; done
            echo from attempt $BATCH_ATTEMPT
            """;
        var job = JsonSerializer.Serialize(new
        {
            env_id = _envId,
            tasks = new[] { new { task_name = "t", task_instance_num = instances, max_retry_count = 0, application = new { command } } },
        });
        return (await SendAsync(HttpMethod.Post, "/v1/jobs", job)).GetProperty("job_id").GetString()!;
    }

    internal void Go(string name) => File.Create($"{_directory}/{name}.go").Dispose();

    /// <summary>Process and network namespace of an attempt, once it has begun.</summary>
    internal async Task<(int Pid, string Network)> BegunAsync(string name, int instance, int attempt = 1)
    {
        var file = $"{_directory}/{name}.{instance}.{attempt}";
        await Eventually.TrueAsync(() => File.Exists(file), Limit, () => $"{file} is missing\n{Output}");
        var words = (await File.ReadAllTextAsync(file)).Split(' ');
        return (int.Parse(words[0], CultureInfo.InvariantCulture), words[1].Trim());
    }

    /// <summary>States of the nodes by their machines' order of joining.</summary>
    internal async Task<IReadOnlyList<JsonElement>> NodesAsync() =>
        [.. (await SendAsync(HttpMethod.Get, $"/v1/environments/{_envId}/nodes?limit=100")).GetProperty("items").EnumerateArray()];

    internal async Task<JsonElement> NodeReachesAsync(string nodeId, string state)
    {
        JsonElement node = default;
        for (var tries = 0; tries < 300; tries++)
        {
            node = (await NodesAsync()).Single(one => one.GetProperty("compute_node_id").GetString() == nodeId);
            if (node.GetProperty("compute_node_state").GetString() == state)
            {
                return node;
            }

            await Task.Delay(100);
        }

        throw new TimeoutException($"{nodeId} does not get {state}: {node}\n{Output}");
    }

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

    internal async Task<JsonElement> InstanceAsync(string job, int instance) =>
        (await SendAsync(HttpMethod.Get, $"/v1/jobs/{job}/tasks/t/instances?limit=100")).GetProperty("items").EnumerateArray().ElementAt(instance);

    /// <summary>Waits until the server knows that so many instances run.</summary>
    internal async Task RunningAsync(string job, int instances)
    {
        var known = 0L;
        for (var tries = 0; tries < 300 && known < instances; tries++)
        {
            await Task.Delay(50);
            known = (await SendAsync(HttpMethod.Get, $"/v1/jobs/{job}")).GetProperty("task_instance_metrics").GetProperty("running_count").GetInt64();
        }

        Assert.Equal(instances, known);
    }

    internal async Task<IReadOnlyList<JsonElement>> EventsAsync(string job) =>
        [.. (await SendAsync(HttpMethod.Get, $"/v1/jobs/{job}/events?limit=500")).GetProperty("items").EnumerateArray()];

    internal static bool IsRunning(int pid) => ProcessTable.Find(pid) is not null;

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents)
        {
            foreach (var process in ProcessTable.Descendants(agent.Pid).Append(ProcessTable.Find(agent.Pid)).OfType<ProcessEntry>())
            {
                Posix.Signal(process.Pid, Posix.SigKill);
            }

            await agent.ExitCodeAsync(Limit);
            agent.Dispose();
        }

        foreach (var network in _networks)
        {
            network.Dispose();
        }

        _http.Dispose();
        if (Queue is not null)
        {
            await Queue.DisposeAsync();
        }

        await (_server?.DisposeAsync() ?? default);
        await (_virtualHost?.DisposeAsync() ?? default);
        await (_database?.DisposeAsync() ?? default);
        Directory.Delete(_directory, recursive: true);
    }

    private async Task BeginAsync(int agents)
    {
        for (var n = 0; n < agents; n++)
        {
            _networks.Add(NetworkNamespace.Create(n));
        }

        _database = await TestServices.CreateDatabaseAsync();
        _virtualHost = await TestServices.CreateVirtualHostAsync();
        await StartServerAsync(["http://127.0.0.1:0", .. _networks.Select(network => $"http://{network.HostAddress}:0")]);
        _http.BaseAddress = new Uri(Urls[0]);
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _key.BearerKey);
        await SendAsync(HttpMethod.Post, "/v1/topics", $$"""{"topic_name":"{{Topic}}"}""");
        Queue = await QueueReader.BindAsync(_virtualHost.AmqpUri.ToString(), Topic, "#");
        _envId = (await SendAsync(
            HttpMethod.Post,
            "/v1/environments",
            $$"""{"env_name":"networks","provider":"attached","notifications":[{"topic_name":"{{Topic}}","event_configs":[{"event_name":"ComputeNodeAbnormal"},{"event_name":"ComputeNodeRunning"}]}]}"""))
            .GetProperty("env_id").GetString()!;
        foreach (var network in _networks)
        {
            var url = Urls.Single(one => one.Contains(network.HostAddress + ":", StringComparison.Ordinal));
            _agents.Add(BatchPlaneProcess.StartBy(
                "nsenter", _directory, $"--net=/run/netns/{network.Name}", BatchPlaneProcess.Program,
                "agent", "--server", url, "--token", Token, "--env", _envId, "--slots", "2", "--dir", Path.Combine(_directory, network.Name)));
        }

        for (var tries = 0; (await NodesAsync()).Count(node => node.GetProperty("compute_node_state").GetString() == "RUNNING") < agents; tries++)
        {
            Assert.True(tries < 300, Output);
            await Task.Delay(100);
        }
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {text}");
        return JsonDocument.Parse(text).RootElement.Clone();
    }
}
