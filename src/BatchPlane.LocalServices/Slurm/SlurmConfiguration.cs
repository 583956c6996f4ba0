using System.Globalization;

namespace BatchPlane.LocalServices.Slurm;

/// <summary>Where a private Slurm listens and how large its one node says it is.</summary>
/// <param name="Directory">Directory of all its files.</param>
/// <param name="ControllerPort">Port of slurmctld on 127.0.0.1.</param>
/// <param name="DaemonPort">Port of slurmd on 127.0.0.1.</param>
/// <param name="Processors">Processors that the node declares, however many there are.</param>
internal sealed record SlurmConfiguration(string Directory, int ControllerPort, int DaemonPort, int Processors)
{
    /// <summary>Seconds between SIGTERM and SIGKILL for the processes of a job that is ended.</summary>
    private const int KillWaitSeconds = 10;

    private const int DeclaredMemoryMib = 65_536;

    internal string File => In("slurm.conf");

    internal string MungeSocket => In("munge.socket");

    internal string MungeKey => In("munge.key");

    internal string StateDirectory => In("state");

    internal string SpoolDirectory => In("spool");

    internal string In(string name) => Path.Combine(Directory, name);

    /// <summary>slurm.conf: one node, no cgroups, no accounting; the scheduler looks for work as often as it can be made to.</summary>
    internal string Text()
    {
        var host = Environment.MachineName.Split('.')[0];
        return string.Create(CultureInfo.InvariantCulture, $"""
            ClusterName=private
            SlurmctldHost={host}(127.0.0.1)
            SlurmctldPort={ControllerPort}
            SlurmdPort={DaemonPort}
            CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
            AuthType=auth/munge
            AuthInfo=socket={MungeSocket}
            SlurmUser={Environment.UserName}
            SlurmdUser={Environment.UserName}
            StateSaveLocation={StateDirectory}
            SlurmdSpoolDir={SpoolDirectory}
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
            KillWait={KillWaitSeconds}
            MaxArraySize=100001
            MaxJobCount=1000000
            NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs={Processors} RealMemory={DeclaredMemoryMib} State=UNKNOWN
            PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP

            """);
    }
}
