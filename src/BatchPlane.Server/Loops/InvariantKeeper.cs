using System.Diagnostics.Metrics;
using BatchPlane.Core.Database;
using BatchPlane.Server.Dispatch;
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
    private readonly Gauge<long> _violations;
    private readonly Counter<long> _unchecked;
    private long _passes;

    public InvariantKeeper(InvariantChecker invariants, IOptions<InvariantOptions> options, IMeterFactory meters, TimeProvider time, ILogger<InvariantKeeper> logger)
        : base(time, logger)
    {
        _invariants = invariants;
        _options = options.Value;
        var meter = meters.Create(DispatchMetrics.MeterName);
        _violations = meter.CreateGauge<long>("batchplane.invariants.violations", "{violation}", "Violations found when an invariant of the database was looked at last");
        _unchecked = meter.CreateCounter<long>("batchplane.invariants.unchecked", "{check}", "Times that an invariant of the database could not be looked at to the end");
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
                _unchecked.Add(1);
                Log.Unchecked(Logger, name);
                continue;
            }

            _violations.Record(result.Count, KeyValuePair.Create<string, object?>("invariant", name));
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
