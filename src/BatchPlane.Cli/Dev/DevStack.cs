using System.Globalization;
using System.Text.Json;
using BatchPlane.Cli.Connections;
using BatchPlane.Cli.Hosting;
using BatchPlane.Contracts;
using BatchPlane.LocalServices;
using Services = BatchPlane.LocalServices.LocalServices;

namespace BatchPlane.Cli.Dev;

/// <summary>
/// A whole BatchPlane in one directory: private PostgreSQL and RabbitMQ, the server as a child process, and its local agents.
/// </summary>
/// <remarks>
/// Start: lock, keys, leftovers of a killed predecessor, services, server, <c>dev.json</c>. Stop: the other way round. The
/// lock is held by an open file, so the kernel releases it whatever way this process ends. Server, PostgreSQL and RabbitMQ are
/// started again when they die; each time a line says so.
/// </remarks>
internal sealed class DevStack : IAsyncDisposable
{
    /// <summary>Name of the environment a stack has from the start; jobs that name none run there.</summary>
    internal const string EnvironmentName = "local";

    private const int MostDeathsInARow = 5;
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan NodesLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan DeathCountsFor = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ServiceLookInterval = TimeSpan.FromSeconds(1);

    private readonly DevOptions _options;
    private readonly IProgress<string> _say;
    private readonly TimeProvider _time;
    private readonly ServerFiles _files;
    private readonly FileStream _lock;
    private DevKeys _keys;
    private Services? _services;
    private ServerChild? _server;

    private DevStack(DevOptions options, FileStream held, IProgress<string> say, TimeProvider time)
    {
        _options = options;
        _lock = held;
        _say = say;
        _time = time;
        _files = new ServerFiles(options.Directory);
        _keys = DevKeys.ReadOrMake(options.Directory);
    }

    /// <summary>How to reach it, as in <c>dev.json</c>.</summary>
    internal DevInfo Info => new()
    {
        HttpUrl = HttpUrl,
        TencentUrl = TencentUrl,
        AmqpUrl = AmqpUrl,
        PostgresUrl = _services!.Postgres.Url,
        ApiKey = _keys.ApiKey,
        SecretId = _keys.SecretId,
        SecretKey = _keys.SecretKey,
    };

    /// <summary>Where the server logs to.</summary>
    internal string ServerLog => _files.LogFile;

    private string HttpUrl => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_keys.HttpPort}");

    private string TencentUrl => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_keys.TencentPort}");

    /// <summary>The virtual host is written out: after a bare slash some clients ask for one with an empty name.</summary>
    private string AmqpUrl => _services!.Rabbit.AmqpUri.ToString().TrimEnd('/') + "/%2F";

    private string InfoFile => Path.Combine(_options.Directory, DevInfo.FileName);

    /// <summary>Starts everything and returns when jobs can be submitted. Whatever was started is stopped again on failure.</summary>
    /// <exception cref="StartException">Another stack runs in the directory, or a part of this one does not start.</exception>
    internal static async Task<DevStack> StartAsync(
        DevOptions options, IProgress<string> say, TimeProvider time, CancellationToken cancellation)
    {
        Directory.CreateDirectory(options.Directory);
        var stack = new DevStack(options, Lock(options.Directory), say, time);
        try
        {
            await stack.StartAsync(cancellation);
            return stack;
        }
        catch (Exception e)
        {
            await stack.DisposeAsync();
            if (e is LocalServiceException)
            {
                throw new StartException(e.Message);
            }

            throw;
        }
    }

    /// <summary>Keeps everything running until <paramref name="cancellation"/> asks for the end.</summary>
    /// <exception cref="StartException">The server died again and again.</exception>
    internal async Task SuperviseAsync(CancellationToken cancellation)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var loops = new[] { KeepServerAsync(over.Token), KeepServicesAsync(over.Token) };
        try
        {
            await await Task.WhenAny(loops);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return;
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(loops).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <summary>Stops everything in order. Safe after a start that went half way.</summary>
    public async ValueTask DisposeAsync()
    {
        File.Delete(InfoFile);
        if (_server is not null)
        {
            _say.Report("stopping the server");
            await _server.StopAsync(_time);
            _server.Dispose();
            _server = null;
        }

        await LocalAgents.StopAsync(_files.DataDirectory, _say, _time);
        if (_services is not null)
        {
            _say.Report("stopping RabbitMQ and PostgreSQL");
            await _services.DisposeAsync();
            _services = null;
        }

        await _lock.DisposeAsync();
    }

    private static FileStream Lock(string directory)
    {
        try
        {
            return new FileStream(Path.Combine(directory, "dev.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new StartException($"another 'batchplane dev' is running in {directory}; stop it first, or use another directory with --data");
        }
    }

    private async Task StartAsync(CancellationToken cancellation)
    {
        File.Delete(InfoFile);
        await ServerChild.StopLeftoverAsync(_files, _say, _time);
        await ChoosePortsAsync();
        _say.Report("starting PostgreSQL and RabbitMQ");
        var directory = ServicesDirectory.Prepare(_options.Directory, _say);
        _services = await Services.StartAsync(new LocalServiceOptions { DataDirectory = directory }, _say, cancellation);
        _files.RotateLog();
        _server = ServerChild.Start(_files, ServerSettings());
        await UntilReadyAsync(cancellation);
        await UntilNodesRunAsync(cancellation);
        PrivateFile.Write(InfoFile, JsonSerializer.SerializeToUtf8Bytes(Info, BatchPlaneJson.Indented));
    }

    /// <summary>Agents that outlived a killed predecessor go on under the same URL; under another one they would call in vain.</summary>
    private async Task ChoosePortsAsync()
    {
        var port = LoopbackPort.Choose("--http", _options.HttpPort, _keys.HttpPort, DevOptions.DefaultHttpPort);
        if (port != _keys.HttpPort)
        {
            await LocalAgents.StopAsync(_files.DataDirectory, _say, _time);
        }

        var tencent = LoopbackPort.Choose("--tencent", _options.TencentPort, _keys.TencentPort, DevOptions.DefaultTencentPort, besides: port);
        _keys = _keys with { HttpPort = port, TencentPort = tencent };
        _keys.Write(_options.Directory);
    }

    private Dictionary<string, string> ServerSettings()
    {
        var settings = new Dictionary<string, string>
        {
            [ServerVariables.Postgres] = _services!.Postgres.ConnectionString,
            [ServerVariables.RabbitMq] = AmqpUrl,
            [ServerVariables.Http] = HttpUrl,
            [ServerVariables.Tencent] = TencentUrl,
            [ServerVariables.Data] = _files.DataDirectory,
            [ServerVariables.JoinToken] = _keys.JoinToken,
            [ServerVariables.BootstrapApiKey] = _keys.ApiKey,
            [ServerVariables.BootstrapSecretId] = _keys.SecretId,
            [ServerVariables.BootstrapSecretKey] = _keys.SecretKey,
            [ServerVariables.DefaultEnvironment] = EnvironmentName,
            [ServerVariables.AllowedNetworks] = "127.0.0.0/8,::1/128",
            [ServerVariables.DefaultEnvironmentNodes] = _options.Nodes.ToString(CultureInfo.InvariantCulture),
        };
        if (_options.SlotsPerNode is { } slots)
        {
            settings[ServerVariables.DefaultEnvironmentSlots] = slots.ToString(CultureInfo.InvariantCulture);
        }

        return settings;
    }

    private async Task UntilReadyAsync(CancellationToken cancellation)
    {
        var begin = _time.GetTimestamp();
        using var http = new HttpClient { BaseAddress = new Uri(HttpUrl), Timeout = TimeSpan.FromSeconds(5) };
        while (!await IsReadyAsync(http, cancellation))
        {
            if (_server!.HasEnded)
            {
                throw new StartException($"the server did not start ({_server.HowEnded}); the end of {ServerLog}:{Environment.NewLine}{_files.LogTail()}");
            }

            if (_time.GetElapsedTime(begin) > ReadyLimit)
            {
                throw new StartException($"the server is not ready after {ReadyLimit.TotalSeconds:0} s; the end of {ServerLog}:{Environment.NewLine}{_files.LogTail()}");
            }

            await Task.Delay(PollInterval.Shortest, _time, cancellation);
        }

        _say.Report(string.Create(CultureInfo.InvariantCulture, $"the server is ready after {_time.GetElapsedTime(begin).TotalSeconds:0.0} s"));
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, CancellationToken cancellation)
    {
        try
        {
            using var answer = await http.GetAsync("health/ready", cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task UntilNodesRunAsync(CancellationToken cancellation)
    {
        var begin = _time.GetTimestamp();
        using var api = new ApiClient(new Connection(new Uri(HttpUrl + "/"), _keys.ApiKey));
        while (true)
        {
            var environments = await api.ListAsync<EnvironmentView>(Environments.EnvironmentRoutes.Environments, 100, cancellation);
            var local = environments.Select(answer => answer.Value).FirstOrDefault(environment => environment.EnvName == EnvironmentName);
            var running = local?.ComputeNodeMetrics.RunningCount ?? 0;
            if (local is not null && running >= _options.Nodes)
            {
                return;
            }

            if (_time.GetElapsedTime(begin) > NodesLimit)
            {
                var what = local is null ? $"there is no environment '{EnvironmentName}'" : $"only {running} of {_options.Nodes} nodes run";
                _say.Report($"{what} after {NodesLimit.TotalSeconds:0} s; going on without, see {ServerLog}");
                return;
            }

            await Task.Delay(PollInterval.Shortest, _time, cancellation);
        }
    }

    private async Task KeepServerAsync(CancellationToken cancellation)
    {
        var deaths = new Queue<long>();
        while (true)
        {
            await _server!.WaitForExitAsync(cancellation);
            _say.Report($"the server (process {_server.Pid}) died: {_server.HowEnded}; starting it again");
            deaths.Enqueue(_time.GetTimestamp());
            while (_time.GetElapsedTime(deaths.Peek()) > DeathCountsFor)
            {
                deaths.Dequeue();
            }

            if (deaths.Count >= MostDeathsInARow)
            {
                throw new StartException($"the server died {deaths.Count} times within {DeathCountsFor.TotalSeconds:0} s; the end of {ServerLog}:{Environment.NewLine}{_files.LogTail()}");
            }

            _server.Dispose();
            _server = ServerChild.Start(_files, ServerSettings());
        }
    }

    private async Task KeepServicesAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(ServiceLookInterval, _time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            var (postgres, rabbit) = (_services!.Postgres, _services.Rabbit);
            if (ProcessTable.Find(postgres.ProcessId) is null)
            {
                await RestartAsync("PostgreSQL", postgres.RestartAsync, cancellation);
            }

            if (ProcessTable.Find(rabbit.ProcessId) is null)
            {
                await RestartAsync("RabbitMQ", rabbit.RestartAsync, cancellation);
            }
        }
    }

    private async Task RestartAsync(string name, Func<CancellationToken, Task> restart, CancellationToken cancellation)
    {
        _say.Report($"{name} died; starting it again");
        try
        {
            await restart(cancellation);
            _say.Report($"{name} is back");
        }
        catch (LocalServiceException e)
        {
            _say.Report($"{name} did not start: {e.Message}; trying again");
        }
    }
}
