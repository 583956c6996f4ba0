using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Npgsql;

namespace BatchPlane.Bench.Stack;

/// <summary>How a stack is made up.</summary>
internal sealed record StackShape
{
    /// <summary>Servers on the one database.</summary>
    internal int Servers { get; init; } = 1;

    /// <summary>Agents of each server, by the server's number.</summary>
    internal IReadOnlyList<int> Agents { get; init; } = [1];

    /// <summary>Instances each agent runs at once.</summary>
    internal int Slots { get; init; } = 4;

    /// <summary>Options of the servers that are not their defaults, by variable.</summary>
    internal IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();
}

/// <summary>
/// A whole BatchPlane: private PostgreSQL and RabbitMQ with durable settings, servers and agents as processes of their own, with the
/// settings they have by default.
/// </summary>
internal sealed class BenchStack : IAsyncDisposable
{
    /// <summary>Instances that <see cref="WarmUpAsync"/> runs in a full benchmark.</summary>
    internal const int WarmUpInstances = 500_000;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    private readonly BenchContext _context;
    private readonly StackServices _services;
    private readonly List<Child> _servers = [];
    private readonly List<Child> _agents = [];
    private readonly List<BenchClient> _clients = [];
    private readonly List<string> _serverUrls = [];
    private readonly string _apiKey = "bp_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    private readonly string _joinToken = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    private readonly string _installationKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private readonly string _directory;
    private readonly StackShape _shape;

    private BenchStack(BenchContext context, StackShape shape, StackServices services, string directory)
    {
        _context = context;
        _shape = shape;
        _services = services;
        _directory = directory;
        Database = NpgsqlDataSource.Create(services.ConnectionString);
    }

    /// <summary>The database, for looking at what was measured.</summary>
    internal NpgsqlDataSource Database { get; }

    /// <summary><c>postgres://…</c>, for peers.</summary>
    internal string PostgresUrl => _services.PostgresUrl;

    /// <summary>How clients reach the database, password included.</summary>
    internal string ConnectionString => _services.ConnectionString;

    /// <summary><c>amqp://…</c>, for consumers.</summary>
    internal string AmqpUrl => _services.AmqpUrl;

    /// <summary>The first server.</summary>
    internal BenchClient Client => _clients[0];

    /// <summary>Where agents find the first server.</summary>
    internal Uri ServerUrl => new(_serverUrls[0]);

    /// <summary>What agents join with.</summary>
    internal string JoinToken => _joinToken;

    /// <summary>A directory for files of a benchmark's commands; goes with the stack.</summary>
    internal string Directory => _directory;

    /// <summary>Process id of the first server.</summary>
    internal int ServerPid => _servers[0].Pid;

    /// <summary>Starts it and returns when all servers are ready and all agents have joined.</summary>
    internal static async Task<BenchStack> StartAsync(BenchContext context, StackShape shape)
    {
        BenchContext.Say("starting PostgreSQL, RabbitMQ, servers and agents");
        var directory = Path.Combine(context.Directory, Path.GetRandomFileName());
        System.IO.Directory.CreateDirectory(directory);
        var services = await context.StartServicesAsync(Path.Combine(directory, "services"));
        var stack = new BenchStack(context, shape, services, directory);
        try
        {
            for (var number = 0; number < shape.Servers; number++)
            {
                await stack.StartServerAsync(number, shape.Options);
                for (var agent = 0; agent < shape.Agents[number]; agent++)
                {
                    stack.StartAgent(number);
                }
            }

            await stack.AgentsRunAsync();
            return stack;
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs jobs at the same time through the first server and returns the seconds from the first byte sent to the last success seen.</summary>
    internal async Task<double> RunAsync(params string[] documents)
    {
        var begin = Stopwatch.GetTimestamp();
        var jobs = await Task.WhenAll(documents.Select(document => Client.SubmitAsync(document, _context.Cancellation)));
        foreach (var job in jobs)
        {
            await Client.SucceededAsync(job, _context.Cancellation);
        }

        return Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    /// <summary>Instances a second of a job that does nothing.</summary>
    internal async Task<double> NoopRateAsync(int instances, int priority = 0)
    {
        var rate = instances / await RunAsync(BenchClient.Noop(instances, priority));
        BenchContext.Say(string.Create(CultureInfo.InvariantCulture, $"  {instances} instances: {rate:0} a second"));
        return rate;
    }

    /// <summary>Brings code and caches to their normal state.</summary>
    internal async Task WarmUpAsync()
    {
        // Until the runtime has compiled what runs often for the last time: before that a later run is faster for no other reason.
        BenchContext.Say("warming up");
        await RunAsync(BenchClient.Noop(_context.Count(WarmUpInstances, 500)));
    }

    /// <summary>Ends an agent without a warning. What it ran goes on, as after a crash.</summary>
    /// <param name="number">Of the agent, from 0.</param>
    internal void KillAgent(int number) => _agents[number].Kill();

    /// <summary>Starts a killed agent again, with its old directory, and waits until all agents have joined.</summary>
    internal async Task ReviveAgentAsync(int number)
    {
        await _agents[number].DisposeAsync();
        _agents[number] = StartAgentProcess(number, server: 0);
        await AgentsRunAsync();
    }

    /// <summary>Ends the broker without a warning.</summary>
    internal Task KillBrokerAsync() => _services.KillBrokerAsync();

    /// <summary>Starts it again on its port, with its data.</summary>
    internal Task StartBrokerAsync() => _services.StartBrokerAsync(_context.Cancellation);

    /// <summary>A number from the database.</summary>
    internal async Task<T> AskAsync<T>(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        command.CommandTimeout = 0;
        return (T)(await command.ExecuteScalarAsync(_context.Cancellation))!;
    }

    /// <summary>A statement, however long it takes.</summary>
    internal async Task DoAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(_context.Cancellation);
    }

    /// <summary>Bytes of outputs that the servers keep.</summary>
    internal long StoredOutputBytes() =>
        Enumerable.Range(0, _servers.Count).Select(number => new DirectoryInfo(Path.Combine(_directory, $"server-{number}", "outputs"))).Where(outputs => outputs.Exists)
            .Sum(outputs => outputs.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length));

    /// <summary>Processor seconds used so far by servers, agents with what they ran, and PostgreSQL.</summary>
    internal (double Servers, double Agents, double Postgres) ProcessorSeconds() => (
        _servers.Sum(server => ProcessUsage.Seconds(server.Pid)),
        _agents.Sum(agent => ProcessUsage.SecondsWithKeeper(agent.Pid)),
        ProcessUsage.SecondsWithChildren(_services.PostgresPid));

    /// <summary>Processor seconds used so far by the broker.</summary>
    internal double BrokerSeconds() => ProcessUsage.Seconds(_services.BrokerPid);

    /// <summary>Stops everything and removes its files.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_agents.Select(agent => agent.DisposeAsync().AsTask()));
        await Task.WhenAll(_servers.Select(server => server.DisposeAsync().AsTask()));
        _clients.ForEach(client => client.Dispose());
        await Database.DisposeAsync();
        await _services.DisposeAsync();
        System.IO.Directory.Delete(_directory, recursive: true);
    }

    private async Task StartServerAsync(int number, IReadOnlyDictionary<string, string> options)
    {
        var url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Loopback.FreePort()}");
        var variables = new Dictionary<string, string>
        {
            ["BATCHPLANE_POSTGRES"] = _services.ConnectionString,
            ["BATCHPLANE_RABBITMQ"] = _services.AmqpUrl,
            ["BATCHPLANE_HTTP"] = url,
            ["BATCHPLANE_TENCENT"] = "none",
            ["BATCHPLANE_DATA"] = Path.Combine(_directory, $"server-{number}"),
            ["BATCHPLANE_INSTALLATION_KEY"] = _installationKey,
            ["BATCHPLANE_JOIN_TOKEN"] = _joinToken,
            ["BATCHPLANE_BOOTSTRAP_API_KEY"] = _apiKey,
            ["BATCHPLANE_DEFAULT_ENVIRONMENT"] = "bench",
            ["BATCHPLANE_DEFAULT_ENVIRONMENT_NODES"] = "0",
        };
        foreach (var (name, value) in options)
        {
            variables[name] = value;
        }

        _servers.Add(Child.Start(_context.Executable, ["server"], variables, Path.Combine(_directory, $"server-{number}.log")));
        var client = new BenchClient(url, _apiKey);
        _clients.Add(client);
        await UntilAsync(() => client.IsReadyAsync(_context.Cancellation), $"server {number} is not ready");
        _serverUrls.Add(url);
    }

    private void StartAgent(int server) => _agents.Add(StartAgentProcess(_agents.Count, server));

    private Child StartAgentProcess(int number, int server)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"agent-{number}");
        return Child.Start(
            _context.Executable,
            ["agent", "--server", _serverUrls[server], "--slots", _shape.Slots.ToString(CultureInfo.InvariantCulture), "--dir", Path.Combine(_directory, name)],
            new Dictionary<string, string> { ["BATCHPLANE_JOIN_TOKEN"] = _joinToken },
            Path.Combine(_directory, name + ".log"));
    }

    private Task AgentsRunAsync() =>
        UntilAsync(async () => await Client.RunningNodesAsync(_context.Cancellation) == _agents.Count, "agents have not joined");

    private async Task UntilAsync(Func<Task<bool>> condition, string otherwise)
    {
        var begin = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            _servers.Concat(_agents).ToList().ForEach(child => child.MustRun());
            if (Stopwatch.GetElapsedTime(begin) > StartLimit)
            {
                throw new BenchFailure($"{otherwise} after {StartLimit.TotalSeconds:0} s");
            }

            await Task.Delay(LookAgain, _context.Cancellation);
        }
    }
}
