using System.Security.Cryptography;
using BatchPlane.LocalServices.Processes;
using BatchPlane.LocalServices.Slurm;
using BatchPlane.LocalServices.Storage;

namespace BatchPlane.LocalServices;

/// <summary>
/// A private Slurm on this host alone: munged, slurmctld and slurmd as this user on loopback, with everything they keep in one directory. For
/// tests and benchmarks: the controller and the daemon can be killed and started again with what they kept. One owner; its methods are not
/// to be called concurrently.
/// </summary>
public sealed class LocalSlurm : IAsyncDisposable
{
    private const int KeyBytes = 1_024;
    private const string Programs = "/usr/sbin/";

    // A path of a Unix socket has 107 bytes; slurmd makes sockets with longer names than ours.
    private const int MaxDirectoryLength = 80;

    private static readonly string[] Daemons = ["munged", "slurmctld", "slurmd"];
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);

    private readonly SlurmConfiguration _configuration;
    private readonly ServiceAccount _account = ServiceAccount.Find(Environment.UserName)!;
    private ServiceProcess? _munge;
    private ServiceProcess? _controller;
    private ServiceProcess? _daemon;

    private LocalSlurm(SlurmConfiguration configuration) => _configuration = configuration;

    /// <summary>True when the programs of Slurm and munge are there (packages <c>slurm-wlm</c> and <c>munge</c>).</summary>
    public static bool IsInstalled => Array.TrueForAll(Daemons, name => File.Exists(Programs + name));

    /// <summary>Its slurm.conf: what Slurm's commands need as <c>SLURM_CONF</c>.</summary>
    public string ConfigurationFile => _configuration.File;

    /// <summary>Environment of Slurm's commands.</summary>
    public IReadOnlyDictionary<string, string> Variables => new Dictionary<string, string> { ["SLURM_CONF"] = ConfigurationFile };

    /// <summary>Starts it and returns once its node is idle (about two seconds).</summary>
    /// <param name="directory">Made when missing; at most 80 characters long.</param>
    /// <param name="processors">Processors that its node declares, however many there are; 1 to 10,000.</param>
    /// <param name="cancellationToken">Gives up; what has started is stopped again.</param>
    /// <exception cref="LocalServiceException">It is not installed, or did not start: the tail of a log is in the message.</exception>
    public static async Task<LocalSlurm> StartAsync(string directory, int processors, CancellationToken cancellationToken)
    {
        if (!IsInstalled)
        {
            throw new LocalServiceException("Slurm is missing: apt-get install --no-install-recommends slurm-wlm munge");
        }

        if (directory.Length > MaxDirectoryLength)
        {
            throw new LocalServiceException($"The directory {directory} is too long for Slurm's sockets: at most {MaxDirectoryLength} characters.");
        }

        var slurm = new LocalSlurm(new(directory, LoopbackPorts.Pick(0), LoopbackPorts.Pick(0), processors));
        try
        {
            await slurm.StartAllAsync(cancellationToken);
            return slurm;
        }
        catch
        {
            await slurm.DisposeAsync();
            throw;
        }
    }

    /// <summary>SIGKILL for slurmctld. What it acknowledged in the last seconds may be lost, and the same job ids given again.</summary>
    public Task KillControllerAsync() => KillAsync(ref _controller);

    /// <summary>SIGKILL for slurmd. Jobs that run go on: each has a process of Slurm's own beside it.</summary>
    public Task KillDaemonAsync() => KillAsync(ref _daemon);

    /// <summary>Starts slurmctld again with what it kept and returns once it answers. Nothing when it runs.</summary>
    public async Task StartControllerAsync(CancellationToken cancellationToken)
    {
        if (_controller is not { IsRunning: true })
        {
            _controller = Start("slurmctld", "-D");
        }

        await UntilAsync(token => SaysAsync("scontrol", ["ping"], "is UP", token), _controller, "slurmctld does not answer", cancellationToken);
    }

    /// <summary>Starts slurmd again and returns once the node takes jobs. Nothing when it runs.</summary>
    public async Task StartDaemonAsync(CancellationToken cancellationToken)
    {
        if (_daemon is not { IsRunning: true })
        {
            _daemon = Start("slurmd", "-D");
        }

        await UntilAsync(token => SaysAsync("sinfo", ["--noheader", "--responding", "--states=idle,mixed,allocated,completing", "--format=%n"], "", token), _daemon, "the node takes no jobs", cancellationToken);
    }

    /// <summary>Runs one of Slurm's commands to its end; what it wrote to its standard output.</summary>
    /// <exception cref="LocalServiceException">It failed; the message holds its output.</exception>
    public Task<string> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        ServiceProcess.OutputAsync([program, .. arguments], _account, _configuration.Directory, Variables, cancellationToken);

    /// <summary>Ends all jobs and stops it; returns when all of its processes are gone. Its files stay.</summary>
    public async ValueTask DisposeAsync()
    {
        // The daemon before the controller, munged last: each says good-bye to the next.
        foreach (var process in new[] { _daemon, _controller, _munge }.OfType<ServiceProcess>())
        {
            process.Signal(LinuxCalls.Terminate);
            await process.WaitForExitAsync(StopLimit, CancellationToken.None);
            await process.KillTreeAsync();
        }

        // What belongs to jobs is below none of them, but has the configuration in its environment.
        (_daemon, _controller, _munge) = (null, null, null);
        await ServiceProcess.KillAllAsync(
            [.. ProcessTable.WithVariable($"SLURM_CONF={ConfigurationFile}").SelectMany(process => ProcessTable.Tree(process.ProcessId)).Where(process => process.ProcessId != Environment.ProcessId)]);
    }

    private async Task StartAllAsync(CancellationToken cancellationToken)
    {
        foreach (var folder in new[] { _configuration.Directory, _configuration.StateDirectory, _configuration.SpoolDirectory })
        {
            _account.CreateDirectory(folder);
        }

        File.Delete(_configuration.MungeKey);
        await File.WriteAllBytesAsync(_configuration.MungeKey, RandomNumberGenerator.GetBytes(KeyBytes), cancellationToken);
        File.SetUnixFileMode(_configuration.MungeKey, UnixFileMode.UserRead);
        await File.WriteAllTextAsync(_configuration.File, _configuration.Text(), cancellationToken);
        // --force: as root in a directory of somebody else's it only warns.
        _munge = Start(
            "munged", "--force", "--foreground", $"--key-file={_configuration.MungeKey}", $"--socket={_configuration.MungeSocket}",
            $"--pid-file={_configuration.In("munged.pid")}", $"--seed-file={_configuration.In("munge.seed")}");
        await UntilAsync(_ => ValueTask.FromResult(File.Exists(_configuration.MungeSocket)), _munge, "munged has no socket", cancellationToken);
        _daemon = Start("slurmd", "-D");
        await StartControllerAsync(cancellationToken);
        await StartDaemonAsync(cancellationToken);
    }

    private static Task KillAsync(ref ServiceProcess? process)
    {
        var victim = process;
        process = null;
        return victim?.KillTreeAsync() ?? Task.CompletedTask;
    }

    private ServiceProcess Start(string daemon, params string[] arguments) => ServiceProcess.Start(new ServiceCommand
    {
        Command = [Programs + daemon, .. arguments],
        Account = _account,
        Environment = Variables,
        WorkingDirectory = _configuration.Directory,
        LogFile = LogOf(daemon),
        IdentityFile = _configuration.In(daemon + ".identity"),
    });

    private async ValueTask<bool> SaysAsync(string program, IReadOnlyList<string> arguments, string text, CancellationToken cancellationToken)
    {
        try
        {
            var said = await RunAsync(program, arguments, cancellationToken);
            return said.Trim().Length > 0 && said.Contains(text, StringComparison.Ordinal);
        }
        catch (LocalServiceException)
        {
            // It does not answer yet.
            return false;
        }
    }

    private async Task UntilAsync(Func<CancellationToken, ValueTask<bool>> condition, ServiceProcess daemon, string otherwise, CancellationToken cancellationToken)
    {
        var reached = await Polling.UntilAsync(async token => !daemon.IsRunning || await condition(token), StartLimit, cancellationToken);
        if (!reached || !daemon.IsRunning)
        {
            throw new LocalServiceException($"Slurm: {otherwise}.{LogTail.Of(Daemons.SelectMany(name => new[] { LogOf(name), _configuration.In(name + ".log") }).ToArray())}");
        }
    }

    private string LogOf(string daemon) => _configuration.In(daemon + ".out");
}
