using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Core.Jobs;

/// <summary>How large a submitted job may be. Section <c>JobLimits</c>.</summary>
public sealed class JobLimits
{
    /// <summary>Default of <see cref="MaxTasks"/>.</summary>
    public const int DefaultMaxTasks = 1_000;

    /// <summary>Default of <see cref="MaxInstancesPerTask"/>.</summary>
    public const int DefaultMaxInstancesPerTask = 10_000_000;

    /// <summary>Default of <see cref="MaxDependences"/>.</summary>
    public const int DefaultMaxDependences = 20_000;

    /// <summary>Default of <see cref="MaxCommandBytes"/>: Linux' own ceiling for one argument, 128 KiB with the closing NUL.</summary>
    public const int DefaultMaxCommandBytes = 131_071;

    /// <summary>Default of <see cref="MaxArguments"/>.</summary>
    public const int DefaultMaxArguments = 4_096;

    /// <summary>Default of <see cref="MaxArgvBytes"/>: 512 KiB, well below what Linux allows for arguments and environment together.</summary>
    public const int DefaultMaxArgvBytes = 524_288;

    /// <summary>Default of <see cref="MaxEnvVars"/>.</summary>
    public const int DefaultMaxEnvVars = 256;

    /// <summary>Default of <see cref="MaxEnvVarBytes"/>.</summary>
    public const int DefaultMaxEnvVarBytes = 32_768;

    /// <summary>Default of <see cref="MaxEnvVarsBytes"/>.</summary>
    public const int DefaultMaxEnvVarsBytes = 262_144;

    /// <summary>Default of <see cref="MaxSlotsPerInstance"/>: the most slots a node can have.</summary>
    public const int DefaultMaxSlotsPerInstance = 1_024;

    /// <summary>Default of <see cref="MaxCpuPerInstance"/>.</summary>
    public const int DefaultMaxCpuPerInstance = 4_096;

    /// <summary>Default of <see cref="MaxMemoryMibPerInstance"/>: 64 TiB.</summary>
    public const int DefaultMaxMemoryMibPerInstance = 67_108_864;

    /// <summary>Default of <see cref="MaxRetryRules"/>.</summary>
    public const int DefaultMaxRetryRules = 32;

    /// <summary>Default of <see cref="MaxMappings"/>.</summary>
    public const int DefaultMaxMappings = 32;

    /// <summary>Default of <see cref="MaxTaskTemplates"/>.</summary>
    public const int DefaultMaxTaskTemplates = 1_000;

    /// <summary>Most tasks of a job.</summary>
    [Range(1, 100_000)]
    public int MaxTasks { get; set; } = DefaultMaxTasks;

    /// <summary>Most instances of one task. Instances cost nothing until they are claimed.</summary>
    [Range(1, int.MaxValue)]
    public int MaxInstancesPerTask { get; set; } = DefaultMaxInstancesPerTask;

    /// <summary>Most task templates that the installation keeps.</summary>
    [Range(0, 1_000_000)]
    public int MaxTaskTemplates { get; set; } = DefaultMaxTaskTemplates;

    /// <summary>Most slots an instance may need.</summary>
    [Range(1, DefaultMaxSlotsPerInstance)]
    public int MaxSlotsPerInstance { get; set; } = DefaultMaxSlotsPerInstance;

    /// <summary>Most processors an instance may wish for.</summary>
    [Range(1, 100_000)]
    public int MaxCpuPerInstance { get; set; } = DefaultMaxCpuPerInstance;

    /// <summary>Most memory an instance may wish for, in MiB.</summary>
    [Range(1, int.MaxValue)]
    public int MaxMemoryMibPerInstance { get; set; } = DefaultMaxMemoryMibPerInstance;

    /// <summary>Most edges of a job's DAG.</summary>
    [Range(0, 1_000_000)]
    public int MaxDependences { get; set; } = DefaultMaxDependences;

    /// <summary>Most retry rules of a task.</summary>
    [Range(0, 1_000)]
    public int MaxRetryRules { get; set; } = DefaultMaxRetryRules;

    /// <summary>Most input mappings of a task, and most output mappings.</summary>
    [Range(0, 10_000)]
    public int MaxMappings { get; set; } = DefaultMaxMappings;

    /// <summary>Longest command line, and longest single argument of an argument vector, in bytes of UTF-8.</summary>
    [Range(1, DefaultMaxCommandBytes)]
    public int MaxCommandBytes { get; set; } = DefaultMaxCommandBytes;

    /// <summary>Most elements of an argument vector, the program included.</summary>
    [Range(1, 100_000)]
    public int MaxArguments { get; set; } = DefaultMaxArguments;

    /// <summary>Most bytes of an argument vector together.</summary>
    [Range(1, 1_048_576)]
    public int MaxArgvBytes { get; set; } = DefaultMaxArgvBytes;

    /// <summary>Most environment variables of a task.</summary>
    [Range(0, 10_000)]
    public int MaxEnvVars { get; set; } = DefaultMaxEnvVars;

    /// <summary>Longest value of one environment variable, in bytes of UTF-8.</summary>
    [Range(1, DefaultMaxCommandBytes)]
    public int MaxEnvVarBytes { get; set; } = DefaultMaxEnvVarBytes;

    /// <summary>Most bytes of all environment variables of a task, names and values together.</summary>
    [Range(1, 1_048_576)]
    public int MaxEnvVarsBytes { get; set; } = DefaultMaxEnvVarsBytes;
}
