namespace BatchPlane.Cli;

/// <summary>Exit codes of every verb; the same table stands in docs/cli.md and in <c>--help</c>.</summary>
internal static class ExitCodes
{
    /// <summary>Done; with <c>wait</c> and <c>submit --wait</c>: the job succeeded.</summary>
    internal const int Success = 0;

    /// <summary>The job failed; with <c>server</c>, <c>agent</c>, <c>dev</c> and <c>demo</c>: it could not start or did not end well.</summary>
    internal const int Failed = 1;

    /// <summary>The command line is wrong, or the server refused the request (any 4xx).</summary>
    internal const int Usage = 2;

    /// <summary>The job was terminated.</summary>
    internal const int Terminated = 3;

    /// <summary>The job had not ended when <c>--timeout</c> ran out.</summary>
    internal const int GaveUpWaiting = 4;

    /// <summary>The server could not be reached, or could not answer (any 5xx).</summary>
    internal const int Unreachable = 5;

    /// <summary>Stopped by SIGINT or SIGTERM before the end.</summary>
    internal const int Interrupted = 130;
}
