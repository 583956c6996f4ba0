using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Agent;

/// <summary>How an agent may hold processes to the <c>resources</c> of their task.</summary>
public enum LimitChoice
{
    /// <summary>Control groups where this agent may make some, else resource limits.</summary>
    Auto,

    /// <summary>Control groups; an agent that may not make any does not start.</summary>
    Cgroup,

    /// <summary>Resource limits (<c>setrlimit</c>): memory alone, of each process by itself.</summary>
    Prlimit,

    /// <summary>Not at all: what a task asks for decides where it runs.</summary>
    None,
}

/// <summary>How one agent holds processes to what they asked for. Containers are held to it by their engine.</summary>
public sealed class LimitOptions : IValidatableObject
{
    /// <summary>The way. Default: <see cref="LimitChoice.Auto"/>.</summary>
    public LimitChoice Choice { get; init; } = LimitChoice.Auto;

    /// <summary>
    /// Control group below which those of the attempts are made, as a path from the top of its hierarchy: <c>/batchplane</c>; made when missing. Null, the
    /// default: the one that the agent is in.
    /// </summary>
    public string? ControlGroup { get; init; }

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (ControlGroup is { } path && (!path.StartsWith('/') || path.Split('/').Contains("..") || path.Any(char.IsControl)))
        {
            yield return new($"{nameof(ControlGroup)}: expected a path from the top of the hierarchy, such as /batchplane.", [nameof(ControlGroup)]);
        }
    }
}
