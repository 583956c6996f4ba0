using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BatchPlane.LocalServices.Postgres;
using BatchPlane.LocalServices.Processes;
using BatchPlane.LocalServices.Storage;
using Npgsql;

namespace BatchPlane.LocalServices;

/// <summary>
/// A private PostgreSQL server on 127.0.0.1, in the folder <c>postgres</c> of the data directory. One owner at a time; its methods
/// are not to be called concurrently. What a killed owner left running is stopped by the next start on the same directory.
/// </summary>
public sealed class LocalPostgres : IAsyncDisposable
{
    internal const string PackageAccount = "postgres";
    private const string Role = "batchplane";
    private const string Database = "batchplane";
    private const int MaxConnections = 200;
    private const int StartAttempts = 3;

    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FastShutdownLimit = TimeSpan.FromSeconds(20);

    private readonly LocalServiceOptions _options;
    private readonly ServiceAccount _account;
    private readonly string _directory;
    private readonly DirectoryClaim _claim;
    private ServiceSettings _settings;
    private ServiceProcess? _process;

    private LocalPostgres(LocalServiceOptions options, ServiceAccount account, string directory, DirectoryClaim claim)
    {
        _options = options;
        _account = account;
        _directory = directory;
        _claim = claim;
        _settings = ServiceSettings.LoadOrCreate(SettingsFile);
    }

    /// <summary>For Npgsql: keyword form, database <c>batchplane</c>, a superuser of this server. Contains the password.</summary>
    public string ConnectionString => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = _settings.Port,
        Username = Role,
        Password = _settings.Password,
        Database = Database,
    }.ConnectionString;

    /// <summary>The same as <c>postgres://user:password@127.0.0.1:port/batchplane</c>, for <c>psql</c> and other tools.</summary>
    public string Url => $"postgres://{Role}:{_settings.Password}@127.0.0.1:{_settings.Port}/{Database}";

    /// <summary>The postmaster's process id; changes with each restart. 0 while stopped or killed.</summary>
    public int ProcessId => _process?.ProcessId ?? 0;

    private string DataFolder => Path.Combine(_directory, "data");

    private string LogFile => Path.Combine(_directory, "server.log");

    private string IdentityFile => Path.Combine(_directory, "server.pid");

    private string SettingsFile => Path.Combine(_directory, "settings.json");

    /// <summary>Shown in the title of each of its processes, which is how the children of a dead postmaster are recognised.</summary>
    private string ClusterName =>
        "batchplane-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_directory)))[..10];

    /// <summary>
    /// Starts it, making the data on the first start, and returns once the database accepts connections (about one second, a
    /// fraction of it later on).
    /// </summary>
    /// <exception cref="LocalServiceException">
    /// Not installed, the directory cannot be reached or is in use by a live process, or it did not start: the tail of its log is in
    /// the message.
    /// </exception>
    public static async Task<LocalPostgres> StartAsync(LocalServiceOptions options, CancellationToken cancellationToken)
    {
        var server = await TakeOverAsync(options, cancellationToken);
        try
        {
            await server.StartAnywhereAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Claims the directory and stops what a dead owner left running in it.</summary>
    internal static async Task<LocalPostgres> TakeOverAsync(LocalServiceOptions options, CancellationToken cancellationToken)
    {
        LocalServicesPrerequisites.Require();
        var account = ServiceAccount.Find(PackageAccount)!;
        var directory = Path.Combine(DataDirectories.Prepare(options.DataDirectory), "postgres");
        account.CreateDirectory(directory);
        var claim = DirectoryClaim.Take(Path.Combine(directory, "owner.lock"), "PostgreSQL");
        try
        {
            var server = new LocalPostgres(options, account, directory, claim);
            await server.StopOrphansAsync(cancellationToken);
            return server;
        }
        catch
        {
            claim.Dispose();
            throw;
        }
    }

    /// <summary>SIGKILL for all of its processes, as a crash would; returns when they are gone. Data and port stay for <see cref="RestartAsync"/>.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            await process.KillTreeAsync();
        }
    }

    /// <summary>Starts it again on the same port and data, after stopping it when it runs.</summary>
    /// <exception cref="LocalServiceException">It did not start; somebody else may have its port.</exception>
    public async Task RestartAsync(CancellationToken cancellationToken)
    {
        await StopAsync();
        await StartServerAsync(cancellationToken);
    }

    /// <summary>Ends open transactions and stops it; returns when all of its processes are gone. Safe to repeat.</summary>
    public async Task StopAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            await StopProcessAsync(process, CancellationToken.None);
        }
    }

    /// <summary>Stops it and gives the directory free for another owner. The data stays.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _claim.Dispose();
    }

    private async Task StopOrphansAsync(CancellationToken cancellationToken)
    {
        if (ServiceProcess.FindRunning(IdentityFile) is { } orphan)
        {
            await StopProcessAsync(orphan, cancellationToken);
        }

        // With the claim held and no postmaster left these are children that have not yet noticed its death; they
        // would keep the next postmaster from starting, as would a pid file whose number somebody else has by now.
        await ServiceProcess.KillAllAsync(ProcessTable.WithTitle($"postgres: {ClusterName}: "));
        if (Directory.Exists(DataFolder))
        {
            File.Delete(Path.Combine(DataFolder, "postmaster.pid"));
        }

        File.Delete(IdentityFile);
    }

    private static async Task StopProcessAsync(ServiceProcess process, CancellationToken cancellationToken)
    {
        process.Signal(LinuxCalls.Interrupt);
        if (!await process.WaitForExitAsync(FastShutdownLimit, cancellationToken))
        {
            await process.KillTreeAsync();
        }
    }

    /// <summary>First start in this process: a port that is taken is replaced, also when it is taken between choosing and listening.</summary>
    private async Task StartAnywhereAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            _settings = _settings with { Port = _options.PostgresPort ?? LoopbackPorts.Pick(_settings.Port) };
            _settings.Save(SettingsFile);
            try
            {
                await StartServerAsync(cancellationToken);
                return;
            }
            catch (LocalServiceException) when (attempt < StartAttempts && _options.PostgresPort is null && !LoopbackPorts.IsFree(_settings.Port))
            {
            }
        }
    }

    private async Task StartServerAsync(CancellationToken cancellationToken)
    {
        var programs = await CreateDataAsync(cancellationToken);
        LogTail.Rotate(LogFile);
        var process = ServiceProcess.Start(new ServiceCommand
        {
            Command = [programs.Postgres, "-D", DataFolder, .. Settings().SelectMany(setting => new[] { "-c", setting })],
            Account = _account,
            WorkingDirectory = _directory,
            LogFile = LogFile,
            IdentityFile = IdentityFile,
        });
        try
        {
            await WaitUntilReadyAsync(process, programs, cancellationToken);
            _process = process;
        }
        catch
        {
            await process.KillTreeAsync();
            throw;
        }
    }

    private IEnumerable<string> Settings()
    {
        IEnumerable<string> settings =
        [
            $"port={_settings.Port}",
            "listen_addresses=127.0.0.1",
            // TCP only: the path of a socket may not exceed 107 bytes, which a data directory easily does.
            "unix_socket_directories=",
            $"cluster_name={ClusterName}",
            $"max_connections={MaxConnections}",
            "shared_buffers=256MB",
            "idle_in_transaction_session_timeout=60s",
            "wal_level=minimal",
            "max_wal_senders=0",
            "max_wal_size=2GB",
            "synchronous_commit=on",
            "jit=off",
            "timezone=UTC",
            "log_timezone=UTC",
        ];
        return _options.Durable ? settings : settings.Concat(["fsync=off", "full_page_writes=off", "synchronous_commit=off"]);
    }

    /// <summary>Runs initdb unless there is data. It works beside the final place, so that an interrupted run leaves nothing half made.</summary>
    private async Task<PostgresPrograms> CreateDataAsync(CancellationToken cancellationToken)
    {
        var versionFile = Path.Combine(DataFolder, "PG_VERSION");
        var version = File.Exists(versionFile) ? (await File.ReadAllTextAsync(versionFile, cancellationToken)).Trim() : null;
        var programs = PostgresPrograms.Find(version)
            ?? throw new LocalServiceException($"The data in {DataFolder} needs PostgreSQL {version}, which is not installed.");
        if (version is not null)
        {
            return programs;
        }

        var draft = Path.Combine(_directory, "data.new");
        var passwordFile = Path.Combine(_directory, "password");
        if (Directory.Exists(draft))
        {
            Directory.Delete(draft, recursive: true);
        }

        _account.WriteFile(passwordFile, _settings.Password);
        try
        {
            await ServiceProcess.RunAsync(
                [
                    programs.Initdb, "-D", draft, "-U", Role, $"--pwfile={passwordFile}", "--auth=scram-sha-256",
                    "--encoding=UTF8", "--locale=C", .. _options.Durable ? Array.Empty<string>() : ["--no-sync"],
                ],
                _account,
                _directory,
                new Dictionary<string, string>(),
                cancellationToken);
        }
        finally
        {
            File.Delete(passwordFile);
        }

        Directory.Move(draft, DataFolder);
        return programs;
    }

    private async Task WaitUntilReadyAsync(ServiceProcess process, PostgresPrograms programs, CancellationToken cancellationToken)
    {
        var lastAnswer = "none";
        var ready = await Polling.UntilAsync(
            async token =>
            {
                if (!process.IsRunning)
                {
                    throw new LocalServiceException($"PostgreSQL did not start on 127.0.0.1:{_settings.Port}.{LogTail.Of(LogFile)}");
                }

                try
                {
                    await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false;Timeout=5");
                    await connection.OpenAsync(token);
                    return true;
                }
                catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InvalidCatalogName)
                {
                    await CreateDatabaseAsync(programs, token);
                    return false;
                }
                catch (NpgsqlException exception) when (exception.SqlState != PostgresErrorCodes.InvalidPassword)
                {
                    lastAnswer = exception.Message;
                    return false;
                }
            },
            ReadyLimit,
            cancellationToken);
        if (!ready)
        {
            throw new LocalServiceException(
                $"PostgreSQL was not ready on 127.0.0.1:{_settings.Port} within {ReadyLimit.TotalSeconds:0} s; last answer: {lastAnswer}.{LogTail.Of(LogFile)}");
        }
    }

    private Task CreateDatabaseAsync(PostgresPrograms programs, CancellationToken cancellationToken) =>
        ServiceProcess.RunAsync(
            [
                programs.Createdb, "--no-password", "-h", "127.0.0.1", "-p", _settings.Port.ToString(CultureInfo.InvariantCulture),
                "-U", Role, "--maintenance-db=postgres", Database,
            ],
            _account,
            _directory,
            new Dictionary<string, string> { ["PGPASSWORD"] = _settings.Password },
            cancellationToken);
}
