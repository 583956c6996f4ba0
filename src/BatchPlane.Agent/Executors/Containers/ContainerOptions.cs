using System.ComponentModel.DataAnnotations;
using BatchPlane.Contracts;

namespace BatchPlane.Agent;

/// <summary>How one agent runs containers. An engine's program does it, <c>podman</c> or <c>docker</c>; no daemon is talked to directly.</summary>
public sealed class ContainerOptions : IValidatableObject
{
    /// <summary>Value of <see cref="Engine"/>: podman or docker, whichever is found first and works.</summary>
    public const string AutoEngine = "auto";

    /// <summary>Value of <see cref="Engine"/>: this node runs no containers.</summary>
    public const string NoEngine = "none";

    /// <summary>Value in <see cref="Allowed"/> that stands for every option.</summary>
    public const string AllowAll = "all";

    /// <summary>Default of <see cref="PidsLimit"/>.</summary>
    public const int DefaultPidsLimit = 4_096;

    /// <summary><c>auto</c>, <c>none</c>, or the engine's program: a name on <c>PATH</c> or an absolute path.</summary>
    [Required]
    public string Engine { get; init; } = AutoEngine;

    /// <summary>Arguments of the program in front of its verb, quoted as in a shell: <c>--runtime runc</c>. Default: none.</summary>
    public string EngineArguments { get; init; } = "";

    /// <summary>Arguments of each container, quoted as in a shell: <c>--network=none</c>. In front of those of the task. Default: none.</summary>
    public string RunArguments { get; init; } = "";

    /// <summary>
    /// Options that tasks may ask for although they reach out of the container, by their long names without dashes, <c>privileged</c>, <c>volume</c>;
    /// <c>all</c>: every one. Whoever may submit jobs has the machine then. Default: none.
    /// </summary>
    public IReadOnlyList<string> Allowed { get; init; } = [];

    /// <summary>Processes and threads in a container, 0 to 1,000,000; 0: what the engine has as default. Default 4,096.</summary>
    [Range(0, 1_000_000)]
    public int PidsLimit { get; init; } = DefaultPidsLimit;

    /// <summary>How long one try to pull an image may take. Default 30 min.</summary>
    public TimeSpan PullTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long the engine may take to say that it is there, when the agent starts and has not joined yet. Default 15 s.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the engine may take for anything else that is quick as a rule: to make a container, to remove it. Default 2 min.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, line) in new[] { (nameof(EngineArguments), EngineArguments), (nameof(RunArguments), RunArguments) })
        {
            if (ShellWords.Split(line, out var problem) is null)
            {
                yield return new($"{name}: {problem}.", [name]);
            }
        }
    }
}
