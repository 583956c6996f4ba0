namespace BatchPlane.Server.Outputs;

/// <summary>
/// What this server last saw of the storage of outputs when it wrote. Agents come again while it fails, so a failure that was long ago is none.
/// Safe for threads.
/// </summary>
internal sealed partial class OutputStatus(TimeProvider time, ILogger<OutputStatus> logger)
{
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(1);

    private Failure? _failure;

    /// <summary>Why outputs cannot be stored; null: they can, as far as this server knows.</summary>
    internal string? Reason => Volatile.Read(ref _failure) is { } failure && time.GetElapsedTime(failure.At) < Remembered ? failure.Reason : null;

    /// <summary>A write worked.</summary>
    internal void Worked()
    {
        if (Volatile.Read(ref _failure) is not null && Interlocked.Exchange(ref _failure, null) is not null)
        {
            Log.Works(logger);
        }
    }

    /// <summary>A write did not work.</summary>
    internal void Failed(string reason)
    {
        if (Interlocked.Exchange(ref _failure, new(reason, time.GetTimestamp())) is null)
        {
            Log.Fails(logger, reason);
        }
    }

    private sealed record Failure(string Reason, long At);

    private static partial class Log
    {
        [LoggerMessage(2014, LogLevel.Error, "Outputs cannot be stored ({Detail}); agents come again with them")]
        internal static partial void Fails(ILogger logger, string detail);

        [LoggerMessage(2015, LogLevel.Information, "Outputs can be stored again")]
        internal static partial void Works(ILogger logger);
    }
}
