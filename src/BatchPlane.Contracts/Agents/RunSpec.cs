namespace BatchPlane.Contracts;

/// <summary>What an agent needs to know of a task to run its instances.</summary>
public sealed record RunSpec
{
    /// <summary>Command line for <c>/bin/sh -c</c>. Exactly one of this, <see cref="Argv"/> and <see cref="Builtin"/> is given.</summary>
    public string? Command { get; init; }

    /// <summary>Program and arguments, run without a shell.</summary>
    public IReadOnlyList<string>? Argv { get; init; }

    /// <summary>What the agent does itself: <see cref="BuiltinApplications.Noop"/>. An agent that does not know the name reports <see cref="AttemptOutcome.StartFailed"/>.</summary>
    public string? Builtin { get; init; }

    /// <summary>The container that <see cref="Command"/> or <see cref="Argv"/> runs in; null: none, it is a process of the node.</summary>
    public DockerDocument? Docker { get; init; }

    /// <summary>User that the command runs as; null: the agent's own.</summary>
    public string? RunAsUser { get; init; }

    /// <summary>The task's environment variables.</summary>
    public IReadOnlyList<EnvVarDocument> EnvVars { get; init; } = [];

    /// <summary>Seconds an attempt may run.</summary>
    public int TimeoutSeconds { get; init; }

    /// <summary>True when the working directory of a failed attempt is kept.</summary>
    public bool KeepDirectoryOnFailure { get; init; }

    /// <summary>What an attempt needs of the node; null: one slot.</summary>
    public ResourcesDocument? Resources { get; init; }

    /// <summary>Files before and after the command; null: none.</summary>
    public FileSpec? Files { get; init; }
}

/// <summary>What an agent does before and after a command.</summary>
public sealed record FileSpec
{
    /// <summary>Archive that becomes the working directory; null: that is empty.</summary>
    public string? PackagePath { get; init; }

    /// <summary>Copied before the command begins, in this order.</summary>
    public IReadOnlyList<InputMappingDocument> InputMappings { get; init; } = [];

    /// <summary>Copied after the command ended by itself.</summary>
    public IReadOnlyList<OutputMappingDocument> OutputMappings { get; init; } = [];

    /// <summary>How they are uploaded.</summary>
    public IReadOnlyList<OutputMappingConfigDocument> OutputMappingConfigs { get; init; } = [];

    /// <summary>Credentials, readable.</summary>
    public IReadOnlyList<AuthenticationDocument> Authentications { get; init; } = [];

    /// <summary>Where standard output and error are stored besides; null: nowhere.</summary>
    public RedirectInfoDocument? RedirectInfo { get; init; }

    /// <summary>The same on the node; null: nowhere.</summary>
    public RedirectLocalInfoDocument? RedirectLocalInfo { get; init; }

    /// <summary>True when outputs are stored of a command that failed, too.</summary>
    public bool StoresAfterFailure { get; init; } = true;

    /// <summary>True when there is something to do before the command.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool HasBefore => PackagePath is not null || InputMappings.Count > 0;

    /// <summary>True when there is something to do after it.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool HasAfter => OutputMappings.Count > 0 || RedirectInfo is not null || RedirectLocalInfo is not null;
}
