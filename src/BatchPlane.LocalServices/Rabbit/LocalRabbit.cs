using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using BatchPlane.LocalServices.Processes;
using BatchPlane.LocalServices.Rabbit;
using BatchPlane.LocalServices.Storage;

namespace BatchPlane.LocalServices;

/// <summary>
/// A private RabbitMQ node on 127.0.0.1, in the folder <c>rabbitmq</c> of the data directory, with the management API on loopback. It
/// has a name, an Erlang cookie and a name server (epmd) of its own, so any number of nodes can run on one machine. One owner at a
/// time; its methods are not to be called concurrently. What a killed owner left running is stopped by the next start.
/// </summary>
public sealed class LocalRabbit : IAsyncDisposable
{
    internal const string PackageAccount = "rabbitmq";
    private const string User = "batchplane";
    private const int StartAttempts = 3;

    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan ShutdownLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan QuietLimit = TimeSpan.FromMilliseconds(1500);
    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(2);
    private static readonly byte[] ProtocolHeader = "AMQP\0\0\u0009\u0001"u8.ToArray();

    private readonly LocalServiceOptions _options;
    private readonly ServiceAccount _account;
    private readonly string _directory;
    private readonly DirectoryClaim _claim;
    private ServiceSettings _settings;
    private RabbitManagement? _management;
    private ServiceProcess? _nameServer;
    private ServiceProcess? _process;

    private LocalRabbit(LocalServiceOptions options, ServiceAccount account, string directory, DirectoryClaim claim)
    {
        _options = options;
        _account = account;
        _directory = directory;
        _claim = claim;
        _settings = ServiceSettings.LoadOrCreate(SettingsFile);
    }

    /// <summary>Default virtual host, as <c>amqp://user:password@127.0.0.1:port/</c>; an administrator of this broker.</summary>
    public Uri AmqpUri => new($"amqp://{User}:{_settings.Password}@127.0.0.1:{_settings.Port}/");

    /// <summary>Management API and web page, as <c>http://user:password@127.0.0.1:port/</c>.</summary>
    public Uri ManagementUri => new($"http://{User}:{_settings.Password}@127.0.0.1:{_settings.ManagementPort}/");

    /// <summary>Process id of the node; changes with each restart. 0 while stopped or killed.</summary>
    public int ProcessId => _process?.ProcessId ?? 0;

    private string SettingsFile => Path.Combine(_directory, "settings.json");

    private string NodeIdentityFile => Path.Combine(_directory, "node.pid");

    private string NameServerIdentityFile => Path.Combine(_directory, "epmd.pid");

    private string StartLog => Path.Combine(_directory, "log", "start.log");

    private string NodeLog => Path.Combine(_directory, "log", "node.log");

    /// <summary>The same for one directory always, since the node's data is stored under it; different for each directory.</summary>
    private string NodeName =>
        $"batchplane-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_directory)))[..10]}@localhost";

    /// <summary>Starts it and returns once it speaks AMQP and the management API answers (about five seconds).</summary>
    /// <exception cref="LocalServiceException">
    /// Not installed, the directory cannot be reached or is in use by a live process, or it did not start: the tail of its log is in
    /// the message.
    /// </exception>
    public static async Task<LocalRabbit> StartAsync(LocalServiceOptions options, CancellationToken cancellationToken)
    {
        var broker = await TakeOverAsync(options, cancellationToken);
        try
        {
            await broker.StartAnywhereAsync(cancellationToken);
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Claims the directory and stops what a dead owner left running in it.</summary>
    internal static async Task<LocalRabbit> TakeOverAsync(LocalServiceOptions options, CancellationToken cancellationToken)
    {
        LocalServicesPrerequisites.Require();
        var account = ServiceAccount.Find(PackageAccount)!;
        var directory = Path.Combine(DataDirectories.Prepare(options.DataDirectory), "rabbitmq");
        account.CreateDirectory(directory);
        var claim = DirectoryClaim.Take(Path.Combine(directory, "owner.lock"), "RabbitMQ");
        try
        {
            var broker = new LocalRabbit(options, account, directory, claim);
            await broker.StopOrphansAsync(cancellationToken);
            return broker;
        }
        catch
        {
            claim.Dispose();
            throw;
        }
    }

    /// <summary>Creates a virtual host of its own for a test (some 30 ms).</summary>
    /// <returns>The AMQP address of that virtual host.</returns>
    public async Task<Uri> CreateVirtualHostAsync(string name, CancellationToken cancellationToken = default)
    {
        await Management.CreateVirtualHostAsync(name, cancellationToken);
        return new Uri(AmqpUri, Uri.EscapeDataString(name));
    }

    /// <summary>Deletes a virtual host with everything in it and closes its connections. Safe to repeat.</summary>
    public Task DeleteVirtualHostAsync(string name, CancellationToken cancellationToken = default) =>
        Management.DeleteVirtualHostAsync(name, cancellationToken);

    /// <summary>
    /// SIGKILL for all of its processes, as a crash would; returns when they are gone. Data and ports stay for <see cref="RestartAsync"/>.
    /// RabbitMQ 3.10 notes a new quorum queue on disk up to a second late: one declared just before is lost with its messages.
    /// </summary>
    public async Task KillAsync()
    {
        var processes = new[] { _process, _nameServer };
        (_process, _nameServer) = (null, null);
        foreach (var process in processes.OfType<ServiceProcess>())
        {
            await process.KillTreeAsync();
        }
    }

    /// <summary>Starts it again on the same ports and data, after stopping it when it runs.</summary>
    /// <exception cref="LocalServiceException">It did not start; somebody else may have one of its ports.</exception>
    public async Task RestartAsync(CancellationToken cancellationToken)
    {
        await StopAsync();
        await StartBrokerAsync(cancellationToken);
    }

    /// <summary>Closes connections and queues and stops it; returns when all of its processes are gone. Safe to repeat.</summary>
    public async Task StopAsync()
    {
        var (process, nameServer) = (_process, _nameServer);
        (_process, _nameServer) = (null, null);
        if (process is not null)
        {
            await StopNodeAsync(process, CancellationToken.None);
        }

        if (nameServer is not null)
        {
            await nameServer.KillTreeAsync();
        }
    }

    /// <summary>Stops it and gives the directory free for another owner. The data stays.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _management?.Dispose();
        _claim.Dispose();
    }

    private RabbitManagement Management => _management ?? throw new InvalidOperationException("The broker has not been started.");

    private async Task StopOrphansAsync(CancellationToken cancellationToken)
    {
        if (ServiceProcess.FindRunning(NodeIdentityFile) is { } node)
        {
            await StopNodeAsync(node, cancellationToken);
        }

        if (ServiceProcess.FindRunning(NameServerIdentityFile) is { } nameServer)
        {
            await nameServer.KillTreeAsync();
        }

        File.Delete(NodeIdentityFile);
        File.Delete(NameServerIdentityFile);
    }

    /// <summary>
    /// SIGTERM closes listeners, queues and stores within a fraction of a second; then the statistics plugin keeps the node waiting for five
    /// seconds. A node that no longer listens and no longer computes is ended, but not before its tables had the second of rest after
    /// which they save themselves.
    /// </summary>
    private async Task StopNodeAsync(ServiceProcess node, CancellationToken cancellationToken)
    {
        node.Signal(LinuxCalls.Terminate);
        var ticks = node.ProcessorTicks;
        var quietSince = TimeProvider.System.GetTimestamp();
        await Polling.UntilAsync(
            () =>
            {
                var now = node.ProcessorTicks;
                if (now > ticks + 1 || !LoopbackPorts.IsFree(_settings.Port))
                {
                    ticks = now;
                    quietSince = TimeProvider.System.GetTimestamp();
                }

                return !node.IsRunning || TimeProvider.System.GetElapsedTime(quietSince) > QuietLimit;
            },
            ShutdownLimit,
            cancellationToken);
        await node.KillTreeAsync();
    }

    /// <summary>First start in this process: ports that are taken are replaced, also when taken between choosing and listening.</summary>
    private async Task StartAnywhereAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            _settings = _settings with
            {
                Port = _options.AmqpPort ?? LoopbackPorts.Pick(_settings.Port),
                ManagementPort = LoopbackPorts.Pick(_settings.ManagementPort),
                DistributionPort = LoopbackPorts.Pick(_settings.DistributionPort),
                NameServerPort = LoopbackPorts.Pick(_settings.NameServerPort),
            };
            _settings.Save(SettingsFile);
            try
            {
                await StartBrokerAsync(cancellationToken);
                return;
            }
            catch (LocalServiceException) when (attempt < StartAttempts && AnotherPortMayHelp())
            {
            }
        }
    }

    private bool AnotherPortMayHelp() =>
        (_options.AmqpPort is null || LoopbackPorts.IsFree(_settings.Port))
        && new[] { _settings.Port, _settings.ManagementPort, _settings.DistributionPort, _settings.NameServerPort }
            .Any(port => !LoopbackPorts.IsFree(port));

    private async Task StartBrokerAsync(CancellationToken cancellationToken)
    {
        var programs = RabbitPrograms.Find()!;
        WriteConfiguration();
        _management?.Dispose();
        _management = new RabbitManagement(ManagementUri);
        ServiceProcess? nameServer = null;
        ServiceProcess? node = null;
        try
        {
            nameServer = Start(
                [programs.NameServer, "-address", "127.0.0.1", "-port", Text(_settings.NameServerPort)], NameServerIdentityFile);
            await RequireListeningAsync(nameServer, cancellationToken);
            node = Start([programs.Server], NodeIdentityFile);
            await WaitUntilReadyAsync(node, cancellationToken);
            (_nameServer, _process) = (nameServer, node);
        }
        catch
        {
            foreach (var process in new[] { node, nameServer }.OfType<ServiceProcess>())
            {
                await process.KillTreeAsync();
            }

            throw;
        }
    }

    private void WriteConfiguration()
    {
        foreach (var folder in new[] { "", "log", "home", "data", "conf.d" })
        {
            _account.CreateDirectory(Path.Combine(_directory, folder));
        }

        LogTail.Rotate(StartLog);
        var cookie = Path.Combine(_directory, "home", ".erlang.cookie");
        if (!File.Exists(cookie))
        {
            _account.WriteFile(cookie, ServiceSettings.NewSecret());
        }

        _account.WriteFile(Path.Combine(_directory, "enabled_plugins"), "[rabbitmq_management].\n");
        _account.WriteFile(
            Path.Combine(_directory, "rabbitmq.conf"),
            $"""
            listeners.tcp.1 = 127.0.0.1:{_settings.Port}
            management.tcp.ip = 127.0.0.1
            management.tcp.port = {_settings.ManagementPort}
            management.rates_mode = none
            default_user = {User}
            default_pass = {_settings.Password}
            log.file.level = info
            log.file.rotation.size = 16777216
            log.file.rotation.count = 1
            raft.wal_max_size_bytes = 67108864

            """);
    }

    private ServiceProcess Start(IReadOnlyList<string> command, string identityFile) =>
        ServiceProcess.Start(new ServiceCommand
        {
            Command = command,
            Account = _account,
            Environment = BrokerEnvironment(),
            WorkingDirectory = _directory,
            LogFile = StartLog,
            IdentityFile = identityFile,
        });

    private Dictionary<string, string> BrokerEnvironment() => new()
    {
        ["HOME"] = Path.Combine(_directory, "home"),
        ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
        ["ERL_EPMD_PORT"] = Text(_settings.NameServerPort),
        ["ERL_CRASH_DUMP"] = Path.Combine(_directory, "log", "erl_crash.dump"),
        // The start script otherwise stays in between as a shell; this makes it become the node.
        ["RUNNING_UNDER_SYSTEMD"] = "true",
        ["RABBITMQ_NODENAME"] = NodeName,
        ["RABBITMQ_DIST_PORT"] = Text(_settings.DistributionPort),
        ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1}",
        ["RABBITMQ_CONFIG_FILE"] = Path.Combine(_directory, "rabbitmq.conf"),
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(_directory, "enabled_plugins"),
        ["RABBITMQ_MNESIA_BASE"] = Path.Combine(_directory, "data"),
        ["RABBITMQ_LOG_BASE"] = Path.Combine(_directory, "log"),
        ["RABBITMQ_LOGS"] = NodeLog,
        ["RABBITMQ_PID_FILE"] = Path.Combine(_directory, "rabbitmq.pid"),
        // Absent files: without these the machine-wide ones in /etc/rabbitmq would apply.
        ["RABBITMQ_CONF_ENV_FILE"] = Path.Combine(_directory, "no-environment.conf"),
        ["RABBITMQ_ADVANCED_CONFIG_FILE"] = Path.Combine(_directory, "no-advanced.config"),
        ["RABBITMQ_CONFIG_FILES"] = Path.Combine(_directory, "conf.d"),
    };

    private async Task RequireListeningAsync(ServiceProcess nameServer, CancellationToken cancellationToken)
    {
        // The node would otherwise start a name server of its own, which nobody would stop.
        var listening = await Polling.UntilAsync(
            () => !nameServer.IsRunning || !LoopbackPorts.IsFree(_settings.NameServerPort), ReadyLimit, cancellationToken);
        if (!listening || !nameServer.IsRunning)
        {
            throw new LocalServiceException($"Erlang's name server (epmd) did not start on 127.0.0.1:{_settings.NameServerPort}.{LogTail.Of(StartLog)}");
        }
    }

    private async Task WaitUntilReadyAsync(ServiceProcess node, CancellationToken cancellationToken)
    {
        var ready = await Polling.UntilAsync(
            async token => node.IsRunning
                ? await SpeaksAmqpAsync(token) && await Management.IsReadyAsync(token)
                : throw new LocalServiceException($"RabbitMQ did not start on 127.0.0.1:{_settings.Port}.{LogTail.Of(StartLog, NodeLog)}"),
            ReadyLimit,
            cancellationToken);
        if (!ready)
        {
            throw new LocalServiceException(
                $"RabbitMQ was not ready on 127.0.0.1:{_settings.Port} within {ReadyLimit.TotalSeconds:0} s.{LogTail.Of(NodeLog, StartLog)}");
        }
    }

    /// <summary>The broker opens its AMQP listener last of all, and answers a protocol header with its first frame.</summary>
    private async Task<bool> SpeaksAmqpAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(HandshakeLimit);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, _settings.Port, limit.Token);
            await client.GetStream().WriteAsync(ProtocolHeader, limit.Token);
            var answer = new byte[1];
            return await client.GetStream().ReadAsync(answer, limit.Token) == 1 && answer[0] == 1;
        }
        catch (Exception exception) when (exception is SocketException or IOException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
