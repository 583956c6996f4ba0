using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Peers;

/// <summary>
/// Slurm on this host alone: munged, slurmctld and slurmd as this user on loopback, with everything they keep in one directory. The
/// scheduler looks for work as often as it can be made to; the node is declared with more processors than there are.
/// </summary>
internal sealed class Slurm : IAsyncDisposable
{
    internal const string ArrayName = "Slurm array";
    internal const string SubmitName = "sbatch";

    private static readonly string[] Daemons = ["munged", "slurmctld", "slurmd"];

    private const int DeclaredProcessors = 64;
    private const int KeyBytes = 1_024;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    private readonly string _directory;
    private readonly CancellationToken _cancellation;
    private readonly List<Child> _daemons = [];
    private readonly Dictionary<string, string> _variables;
    private int _arrays;

    private Slurm(string directory, CancellationToken cancellation)
    {
        _directory = directory;
        _cancellation = cancellation;
        _variables = new() { ["SLURM_CONF"] = In("slurm.conf") };
    }

    /// <summary>True when its programs are there.</summary>
    internal static bool IsInstalled => Array.TrueForAll(Daemons, name => File.Exists($"/usr/sbin/{name}"));

    /// <summary>A running Slurm; null in a quick run on a machine that has none.</summary>
    /// <exception cref="BenchFailure">It is not installed, or does not start.</exception>
    internal static async Task<Slurm?> StartAsync(BenchContext context)
    {
        if (!IsInstalled)
        {
            return context.Quick ? null : throw new BenchFailure("Slurm is missing: apt-get install slurm-wlm munge");
        }

        BenchContext.Say("starting Slurm");
        var slurm = new Slurm(Path.Combine(context.Directory, "slurm-" + Path.GetRandomFileName()), context.Cancellation);
        try
        {
            await slurm.StartAsync();
            return slurm;
        }
        catch
        {
            await slurm.DisposeAsync();
            throw;
        }
    }

    /// <summary>Array tasks a second of a program that ends at once, each with its output in a file, from the submit to the end of the last.</summary>
    internal async Task<double> ArrayRateAsync(string program, int count)
    {
        var outputs = In(string.Create(CultureInfo.InvariantCulture, $"array-{++_arrays}"));
        Directory.CreateDirectory(outputs);
        // The program as the interpreter of an empty script: no shell in between.
        var script = In("array.sh");
        await File.WriteAllTextAsync(script, $"#!{program}\n", _cancellation);
        var begin = Stopwatch.GetTimestamp();
        await RunAsync("sbatch", "--quiet", "--parsable", $"--array=0-{count - 1}", $"--output={outputs}/%a", $"--chdir={_directory}", script);
        while ((await RunAsync("squeue", "--noheader", "--states=PENDING,RUNNING,COMPLETING")).Length > 0)
        {
            await Task.Delay(LookAgain, _cancellation);
        }

        var rate = count / Stopwatch.GetElapsedTime(begin).TotalSeconds;
        BenchContext.Say(FormattableString.Invariant($"  {ArrayName}, {count} tasks: {rate:0.0} a second"));
        var written = Directory.EnumerateFiles(outputs).Count();
        return written == count ? rate : throw new BenchFailure($"Slurm ran {written} of {count} array tasks");
    }

    /// <summary>Jobs a second that several clients submit at the same time, each with one call of <c>sbatch</c> after the other. The jobs are held, so that none runs.</summary>
    internal async Task<double> SubmitRateAsync(int clients, int jobsOfEach)
    {
        const string Loop = """n=$1; while [ "$n" -gt 0 ]; do sbatch --quiet --hold --output=/dev/null "$2" || exit 1; n=$((n - 1)); done""";
        var script = In("submit.sh");
        await File.WriteAllTextAsync(script, "#!/bin/true\n", _cancellation);
        var begin = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ =>
            RunAsync("/bin/sh", "-c", Loop, "sh", jobsOfEach.ToString(CultureInfo.InvariantCulture), script)));
        var rate = clients * jobsOfEach / Stopwatch.GetElapsedTime(begin).TotalSeconds;
        BenchContext.Say(FormattableString.Invariant($"  {SubmitName}, {clients * jobsOfEach} jobs: {rate:0} a second"));
        return rate;
    }

    public async ValueTask DisposeAsync()
    {
        // slurmd before the controller, munged last: each says good-bye to the next.
        foreach (var daemon in Enumerable.Reverse(_daemons))
        {
            await daemon.DisposeAsync();
        }

        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    private async Task StartAsync()
    {
        Directory.CreateDirectory(In("state"));
        Directory.CreateDirectory(In("spool"));
        var key = In("munge.key");
        await File.WriteAllBytesAsync(key, RandomNumberGenerator.GetBytes(KeyBytes), _cancellation);
        File.SetUnixFileMode(key, UnixFileMode.UserRead);
        await File.WriteAllTextAsync(In("slurm.conf"), Configuration(), _cancellation);
        // --force: as root in a directory of somebody else's it only warns.
        Start("munged", "--force", "--foreground", $"--key-file={key}", $"--socket={In("munge.socket")}", $"--pid-file={In("munged.pid")}", $"--seed-file={In("munge.seed")}");
        await UntilAsync(() => Task.FromResult(File.Exists(In("munge.socket"))), "munged has no socket");
        Start("slurmctld", "-D", "-c");
        Start("slurmd", "-D", "-c");
        await UntilAsync(async () => (await RunAsync("/bin/sh", "-c", "sinfo --noheader --format=%T 2>/dev/null || true")).Contains("idle", StringComparison.Ordinal), "its node is not idle");
    }

    private void Start(string daemon, params string[] arguments) =>
        _daemons.Add(Child.Start($"/usr/sbin/{daemon}", arguments, _variables, In(daemon + ".out")));

    private Task<string> RunAsync(string program, params string[] arguments) => Command.RunAsync(program, arguments, _variables, _directory, _cancellation);

    private async Task UntilAsync(Func<Task<bool>> condition, string otherwise)
    {
        var begin = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            _daemons.ForEach(daemon => daemon.MustRun());
            if (Stopwatch.GetElapsedTime(begin) > StartLimit)
            {
                throw new BenchFailure($"Slurm: {otherwise} after {StartLimit.TotalSeconds:0} s");
            }

            await Task.Delay(LookAgain, _cancellation);
        }
    }

    private string In(string name) => Path.Combine(_directory, name);

    private string Configuration()
    {
        var host = Environment.MachineName.Split('.')[0];
        return string.Create(CultureInfo.InvariantCulture, $"""
            ClusterName=bench
            SlurmctldHost={host}(127.0.0.1)
            SlurmctldPort={Loopback.FreePort()}
            SlurmdPort={Loopback.FreePort()}
            CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
            AuthType=auth/munge
            AuthInfo=socket={In("munge.socket")}
            SlurmUser={Environment.UserName}
            SlurmdUser={Environment.UserName}
            StateSaveLocation={In("state")}
            SlurmdSpoolDir={In("spool")}
            SlurmctldPidFile={In("slurmctld.pid")}
            SlurmdPidFile={In("slurmd.pid")}
            SlurmctldLogFile={In("slurmctld.log")}
            SlurmdLogFile={In("slurmd.log")}
            SlurmctldDebug=error
            SlurmdDebug=error
            ProctrackType=proctrack/linuxproc
            TaskPlugin=task/none
            SwitchType=switch/none
            MpiDefault=none
            JobAcctGatherType=jobacct_gather/none
            AccountingStorageType=accounting_storage/none
            JobCompType=jobcomp/none
            SchedulerType=sched/backfill
            SchedulerParameters=sched_min_interval=0,sched_interval=1,batch_sched_delay=1,bf_interval=1,default_queue_depth=10000
            SelectType=select/cons_res
            SelectTypeParameters=CR_CPU
            SlurmdParameters=config_overrides
            ReturnToService=2
            MaxArraySize=100001
            MaxJobCount=1000000
            NodeName=bench NodeHostname={host} NodeAddr=127.0.0.1 CPUs={DeclaredProcessors} RealMemory=1000 State=UNKNOWN
            PartitionName=bench Nodes=ALL Default=YES MaxTime=INFINITE State=UP

            """);
    }
}
