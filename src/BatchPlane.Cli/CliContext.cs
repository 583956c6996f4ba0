namespace BatchPlane.Cli;

/// <summary>Everything a verb knows of the process it runs in, so that a test can run the same verb without one.</summary>
internal sealed record CliContext
{
    /// <summary>Results go here.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Raw bytes of standard output, for logs, which need not be text.</summary>
    public required Stream OutStream { get; init; }

    /// <summary>Progress, notes and errors go here, so that results can be piped.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Standard input, for <c>submit -</c>.</summary>
    public required Stream In { get; init; }

    /// <summary>True when results may carry colours and box drawing: a terminal, and NO_COLOR is not set.</summary>
    public bool RichOut { get; init; }

    /// <summary>True when progress may redraw itself: standard error is a terminal, and NO_COLOR is not set.</summary>
    public bool RichError { get; init; }

    /// <summary>Value of an environment variable; null when unset or empty.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>Names of all environment variables.</summary>
    public Func<IEnumerable<string>> VariableNames { get; init; } = () => [];

    /// <summary>Directory that relative paths start from.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>Clock and timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Cancelled when the process is asked to end a second time.</summary>
    public CancellationToken Hurry { get; init; }

    /// <summary>The real thing: console, environment and clock of this process.</summary>
    public static CliContext ForThisProcess(CancellationToken hurry)
    {
        var colour = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return new CliContext
        {
            Out = Console.Out,
            OutStream = Console.OpenStandardOutput(),
            Error = Console.Error,
            In = Console.OpenStandardInput(),
            RichOut = colour && !Console.IsOutputRedirected,
            RichError = colour && !Console.IsErrorRedirected,
            Variable = name => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null,
            VariableNames = () => Environment.GetEnvironmentVariables().Keys.Cast<string>(),
            WorkingDirectory = Environment.CurrentDirectory,
            Hurry = hurry,
        };
    }

    /// <summary>Absolute form of a path a person typed.</summary>
    public string Resolve(string path) => Path.GetFullPath(path, WorkingDirectory);
}
