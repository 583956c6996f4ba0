using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Server.Nodes.Slurm;

/// <summary>How the provider <c>slurm</c> talks to Slurm: docs/slurm.md. Options section <c>Slurm</c>.</summary>
public sealed class SlurmOptions
{
    /// <summary>Pilots whose nodes find room in one comment.</summary>
    internal const int LargestGroup = 40;

    /// <summary>True: environments may have the provider <c>slurm</c>. The same on all servers of an installation. Default false.</summary>
    public bool Enabled { get; set; }

    /// <summary>Directory of <c>sbatch</c>, <c>squeue</c> and <c>scancel</c>; null: they are looked for in <c>PATH</c>.</summary>
    public string? ProgramDirectory { get; set; }

    /// <summary>Slurm's configuration file, given to its commands as <c>SLURM_CONF</c>; null: the one they find by themselves.</summary>
    public string? ConfigurationFile { get; set; }

    /// <summary>Program of the agents, a path on the machines of Slurm; null: that of this server.</summary>
    public string? AgentProgram { get; set; }

    /// <summary>Seconds that one of Slurm's commands may take. 1 to 600; default 30.</summary>
    [Range(1, 600)]
    public int CommandSeconds { get; set; } = 30;

    /// <summary>Seconds between looks at Slurm's queue. 0.1 to 600; default 5.</summary>
    [Range(0.1, 600)]
    public double LookSeconds { get; set; } = 5;

    /// <summary>Pilots in one submission. 1 to 40; default 40: as many as a comment has room for.</summary>
    [Range(1, LargestGroup)]
    public int MaxGroup { get; set; } = LargestGroup;

    /// <summary>Pilots that end one after the other before their agents report in, until an environment pauses. 1 to 1,000; default 3.</summary>
    [Range(1, 1_000)]
    public int FailedStartsBeforePause { get; set; } = 3;

    /// <summary>Submissions that Slurm refuses one after the other, until an environment pauses. 1 to 1,000; default 10.</summary>
    [Range(1, 1_000)]
    public int FailedSubmitsBeforePause { get; set; } = 10;

    /// <summary>Seconds of the first pause; each further one is twice as long. 1 to 86,400; default 60.</summary>
    [Range(1, 86_400)]
    public int PauseSeconds { get; set; } = 60;

    /// <summary>Longest pause in seconds. 1 to 86,400; default 3,600.</summary>
    [Range(1, 86_400)]
    public int MaxPauseSeconds { get; set; } = 3_600;

    /// <summary>Seconds after which a pilot that runs nothing and cannot reach a server ends itself. 10 to 86,400; default 900.</summary>
    [Range(10, 86_400)]
    public int GiveUpSeconds { get; set; } = 900;
}
