namespace BatchPlane.Contracts;

/// <summary>How the nodes of an environment are made as Slurm jobs: member <c>slurm</c> of an environment whose provider is <c>slurm</c>.</summary>
public sealed record SlurmDocument
{
    /// <summary>Default of <see cref="MaxQueued"/>.</summary>
    public const int DefaultMaxQueued = 20;

    /// <summary>Default of <see cref="WorkDirectory"/>.</summary>
    public const string DefaultWorkDirectory = "/tmp";

    /// <summary>Partition, or several separated by commas; null: Slurm's default.</summary>
    public string? Partition { get; init; }

    /// <summary>Account that is charged; null: the user's default.</summary>
    public string? Account { get; init; }

    /// <summary>Quality of service; null: the default.</summary>
    public string? Qos { get; init; }

    /// <summary>Minutes after which Slurm ends a pilot, 1 to 525,600; null: the partition's limit. A minute before, the agent stops taking instances, and hands on what it runs.</summary>
    public int? TimeLimitMinutes { get; init; }

    /// <summary>Processors of each pilot, 1 to 10,000. Default 1.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>MiB of memory of each pilot, 1 to 100,000,000; null: Slurm's default.</summary>
    public int? MemoryMib { get; init; }

    /// <summary>Pilots of this environment that wait in Slurm's queue at the same time, 1 to 2,000. Default 20. The others wait here.</summary>
    public int MaxQueued { get; init; } = DefaultMaxQueued;

    /// <summary>Directory on the machines of Slurm, absolute, in which pilots keep their files while they run, and their logs. Default <c>/tmp</c>.</summary>
    public string WorkDirectory { get; init; } = DefaultWorkDirectory;

    /// <summary>Up to 20 further options of <c>sbatch</c>, as <c>--gres=gpu:1</c>; those that say where a pilot may run and what it gets.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];
}

/// <summary>What an environment submits to Slurm: <c>GET /v1/environments/{id}/pilot</c>.</summary>
/// <param name="Command">The command and its arguments; it reads the script from its standard input.</param>
/// <param name="Variables">Its whole environment by name, which the pilot inherits; secrets are masked.</param>
/// <param name="Script">The script, for the nodes that are submitted next, or for a node that does not exist when there are none.</param>
public sealed record PilotView(IReadOnlyList<string> Command, IReadOnlyDictionary<string, string> Variables, string Script);
