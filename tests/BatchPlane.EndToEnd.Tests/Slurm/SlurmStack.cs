using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using BatchPlane.Cli.Connections;
using BatchPlane.Core.Access;
using BatchPlane.LocalServices;
using BatchPlane.Server;
using BatchPlane.Server.Nodes.Slurm;
using BatchPlane.Server.Tencent.Wire;
using BatchPlane.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace BatchPlane.EndToEnd.Tests.Slurm;

/// <summary>A server and a real Slurm of its own; pilots are the real executable. What is in Slurm's queue is read with Slurm's own commands, not the server's.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync of IAsyncLifetime.")]
public class SlurmStack : IAsyncLifetime
{
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private const int Processors = 64;
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    // Slurm's sockets need short names.
    private readonly string _directory = Directory.CreateTempSubdirectory("bp-slurm-").FullName;
    private readonly BootstrapKey _key = new(AccessSecrets.NewBearerKey(), AccessSecrets.NewSecretId(), AccessSecrets.NewSecretKey());
    private readonly HttpClient _http = new();
    private readonly string _url = $"http://127.0.0.1:{FreePort()}";
    private TestDatabase _database = null!;
    private TestVirtualHost _virtualHost = null!;
    private WebApplication? _server;

    /// <summary>The private Slurm.</summary>
    internal LocalSlurm Slurm { get; private set; } = null!;

    /// <summary>Program that stands for <c>sbatch</c>; null: the real one. Read when the server starts.</summary>
    internal string? SubmitProgram { get; set; }

    /// <summary>What clients of the server have to know.</summary>
    internal DevInfo Info => new()
    {
        HttpUrl = _url,
        TencentUrl = _server!.Services.GetRequiredService<TencentListener>().Urls.Single(),
        AmqpUrl = _virtualHost.AmqpUri.ToString(),
        PostgresUrl = _database.ConnectionString,
        ApiKey = _key.BearerKey,
        SecretId = _key.SecretId,
        SecretKey = _key.SecretKey,
    };

    /// <summary>Where pilots run.</summary>
    internal string WorkDirectory => Path.Combine(_directory, "work");

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(WorkDirectory);
        _http.BaseAddress = new Uri(_url);
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _key.BearerKey);
        var slurm = LocalSlurm.StartAsync(Path.Combine(_directory, "slurm"), Processors, CancellationToken.None);
        _database = await TestServices.CreateDatabaseAsync();
        _virtualHost = await TestServices.CreateVirtualHostAsync();
        Slurm = await slurm;
        await StartServerAsync();
    }

    public async Task DisposeAsync()
    {
        await StopServerAsync();
        await Slurm.DisposeAsync();
        _http.Dispose();
        await _virtualHost.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Starts the server, on the same address each time.</summary>
    internal async Task StartServerAsync()
    {
        var programs = SubmitProgram is null ? null : Wrapped(SubmitProgram);
        _server = ServerHost.Build(new()
        {
            Postgres = _database.ConnectionString,
            RabbitMq = _virtualHost.AmqpUri,
            Urls = [_url],
            TencentUrls = ["http://127.0.0.1:0"],
            DataDirectory = Path.Combine(_directory, "server"),
            BootstrapKey = _key,
            Options = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Nodes:LeaseSeconds"] = "5",
                ["Nodes:HeartbeatSeconds"] = "1",
                ["Nodes:MonitorSeconds"] = "0.2",
                ["Slurm:Enabled"] = "true",
                ["Slurm:ProgramDirectory"] = programs,
                ["Slurm:ConfigurationFile"] = Slurm.ConfigurationFile,
                ["Slurm:AgentProgram"] = Path.Combine(AppContext.BaseDirectory, "batchplane"),
                ["Slurm:LookSeconds"] = "0.3",
                ["Slurm:CommandSeconds"] = "10",
                ["Slurm:PauseSeconds"] = "2",
                ["Slurm:GiveUpSeconds"] = "30",
            }).Build(),
        });
        await _server.StartAsync();
    }

    /// <summary>Ends the server; agents and Slurm go on.</summary>
    internal async Task StopServerAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
            _server = null;
        }
    }

    /// <summary>Makes an environment; its id.</summary>
    internal async Task<string> CreateEnvironmentAsync(string name, int nodes, string slurm = "") => (await SendAsync(
        HttpMethod.Post,
        "/v1/environments",
        $$$"""{"env_name":"{{{name}}}","provider":"slurm","desired_compute_node_count":{{{nodes}}},"slots_per_node":2,"slurm":{"work_directory":"{{{WorkDirectory}}}"{{{slurm}}}}}""")).GetProperty("env_id").GetString()!;

    /// <summary>Removes an environment and waits until it is gone.</summary>
    internal async Task DeleteEnvironmentAsync(string envId)
    {
        await SendAsync(HttpMethod.Delete, $"/v1/environments/{envId}");
        await EventuallyAsync(async () => (await SendAsync(HttpMethod.Get, $"/v1/environments/{envId}")).GetProperty("env_state").GetString() == "DELETED", $"{envId} is not gone");
    }

    internal async Task<string> SubmitAsync(string envId, int instances, string command) => (await SendAsync(HttpMethod.Post, "/v1/jobs", JsonSerializer.Serialize(new
    {
        env_id = envId,
        tasks = new[] { new { task_name = "t", task_instance_num = instances, application = new { command } } },
    }))).GetProperty("job_id").GetString()!;

    /// <summary>The job's final state.</summary>
    internal async Task<string> EndedAsync(string job)
    {
        var state = "";
        await EventuallyAsync(async () => (state = (await SendAsync(HttpMethod.Get, $"/v1/jobs/{job}")).GetProperty("job_state").GetString()!) is "SUCCEED" or "FAILED", $"{job} does not end");
        return state;
    }

    /// <summary>Nodes as <c>id STATE</c>.</summary>
    internal async Task<IReadOnlyList<string>> NodesAsync(string envId) =>
    [
        .. (await SendAsync(HttpMethod.Get, $"/v1/environments/{envId}/nodes")).GetProperty("items").EnumerateArray()
            .Select(node => $"{node.GetProperty("compute_node_id").GetString()} {node.GetProperty("compute_node_state").GetString()}"),
    ];

    internal Task RunningAsync(string envId, int count) =>
        EventuallyAsync(async () => (await NodesAsync(envId)).Count(node => node.EndsWith(" RUNNING", StringComparison.Ordinal)) == count, $"no {count} nodes of {envId} run");

    /// <summary>Everything in Slurm's queue, as <c>id state name</c>.</summary>
    internal async Task<IReadOnlyList<string>> QueueAsync() =>
        (await Slurm.RunAsync("squeue", ["--noheader", "--array", "--format=%i %T %j"], CancellationToken.None)).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Processors and memory that the pilots of an environment asked Slurm for.</summary>
    internal async Task<IReadOnlyList<string>> AskedAsync(string envId) =>
    [
        .. (await Slurm.RunAsync("squeue", ["--noheader", "--array", "--format=%C %m %j"], CancellationToken.None)).Split('\n', StringSplitOptions.TrimEntries)
            .Where(line => line.Contains(envId, StringComparison.Ordinal)).Select(line => line[..line.LastIndexOf(' ')]),
    ];

    /// <summary>Cancels as the server does: an element of an array, if the array has this name.</summary>
    internal Task CancelAsync(string name, string jobId) => _server!.Services.GetRequiredService<SlurmClient>().CancelAsync(name, [jobId], CancellationToken.None);

    /// <summary>What lets the pilots of an environment join.</summary>
    internal string PilotToken(string envId) => _server!.Services.GetRequiredService<InstallationKey>().PilotToken(envId);

    /// <summary>Waits until Slurm has no pilot of the environment.</summary>
    internal Task NoPilotOfAsync(string envId) =>
        EventuallyAsync(async () => !(await QueueAsync()).Any(line => line.Contains(envId, StringComparison.Ordinal)), $"pilots of {envId} are left");

    internal async Task EventuallyAsync(Func<Task<bool>> condition, string what)
    {
        using var over = new CancellationTokenSource(Limit);
        while (!await condition())
        {
            if (over.IsCancellationRequested)
            {
                throw new TimeoutException($"{what}\nqueue:\n{string.Join('\n', await QueueAsync())}\nlogs:\n{Logs()}");
            }

            await Task.Delay(LookAgain);
        }
    }

    internal async Task<JsonElement> SendAsync(HttpMethod method, string path, string? body = null)
    {
        var (status, document) = await TryAsync(method, path, body);
        Assert.True((int)status < 300, $"{method} {path}: {document}");
        return document;
    }

    internal async Task<(HttpStatusCode Status, JsonElement Body)> TryAsync(HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

    private string Logs() => string.Join('\n', Directory.EnumerateFiles(WorkDirectory, "*.log").Select(file => $"{file}:\n{string.Join('\n', File.ReadLines(file).TakeLast(10))}"));

    /// <summary>A directory of Slurm's commands, in which <c>sbatch</c> is something else.</summary>
    private string Wrapped(string script)
    {
        var directory = Path.Combine(_directory, "programs");
        Directory.CreateDirectory(directory);
        foreach (var program in new[] { "squeue", "scancel" }.Where(program => !File.Exists(Path.Combine(directory, program))))
        {
            File.CreateSymbolicLink(Path.Combine(directory, program), $"/usr/bin/{program}");
        }

        var submit = Path.Combine(directory, "sbatch");
        File.WriteAllText(submit, script);
        File.SetUnixFileMode(submit, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return directory;
    }

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }
}
