namespace BatchPlane.Cli;

/// <summary>What was typed cannot be done; the message says what to type instead. Ends with <see cref="ExitCodes.Usage"/>.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>A process or service that a verb needs could not be started. Ends with <see cref="ExitCodes.Failed"/>.</summary>
internal sealed class StartException(string message) : Exception(message);
