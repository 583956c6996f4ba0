using BatchPlane.Core.Database;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>
/// Looks again and again whether the database is sound (<see cref="InvariantChecker"/>), and says what is not: in the log and as a metric. Mends nothing: a violation is a bug
/// or somebody's hand in the database, and people have to look. Not at the start, when servers have other things to do.
/// </summary>
internal sealed partial class InvariantKeeper : EngineLoop
{
    private const int FirstPart = 10;

    private readonly InvariantChecker _invariants;
    private readonly InvariantOptions _options;
    private readonly InvariantMetrics _metrics;
    private long _passes;

    public InvariantKeeper(InvariantChecker invariants, IOptions<InvariantOptions> options, InvariantMetrics metrics, TimeProvider time, ILogger<InvariantKeeper> logger)
        : base(time, logger)
    {
        _invariants = invariants;
        _options = options.Value;
        _metrics = metrics;
    }

    /// <inheritdoc/>
    protected override TimeSpan Interval => _passes > 1 ? _options.Interval : _options.Interval / FirstPart;

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken cancellationToken)
    {
        if (_passes++ > 0)
        {
            await CheckAsync(cancellationToken);
        }
    }

    /// <summary>Looks at all of them, one after the other.</summary>
    internal async Task CheckAsync(CancellationToken cancellationToken)
    {
        foreach (var name in InvariantChecker.Names)
        {
            var result = await _invariants.CheckAsync(name, _options.TimeLimit, _options.MaxLogged, cancellationToken);
            if (!result.IsChecked)
            {
                _metrics.Unchecked();
                Log.Unchecked(Logger, name);
                continue;
            }

            _metrics.Violations(name, result.Count);
            foreach (var violation in result.Violations)
            {
                Log.Violated(Logger, name, violation, result.Count);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(3016, LogLevel.Error, "Invariant {Invariant} is violated: {Violation} ({Count} in all)")]
        internal static partial void Violated(ILogger logger, string invariant, string violation, long count);

        [LoggerMessage(3017, LogLevel.Information, "Invariant {Invariant} was not looked at to the end: it takes too long, or another server does it")]
        internal static partial void Unchecked(ILogger logger, string invariant);
    }
}
