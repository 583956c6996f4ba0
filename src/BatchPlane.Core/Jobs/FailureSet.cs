using System.Collections;
using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

/// <summary>
/// A set of ways in which an attempt can fail: each exit code, each signal, the timeout, a command that could not be started, an image that could not be had, too little memory, and files that could not be moved. Says which
/// failures a retry rule is about, and whether rules before it leave it any.
/// </summary>
internal sealed class FailureSet
{
    internal const int MaxExitCode = 255;
    internal const int MaxSignal = 64;

    /// <summary>Shells show a command that was ended by signal n as exit code 128 + n.</summary>
    private const int SignalExitCode = 128;

    /// <summary>Codes and signals that no system has: only rules about every code or signal match them.</summary>
    private const int OtherExitCode = 0;
    private const int OtherSignal = MaxExitCode + MaxSignal + 1;
    private const int Timeout = OtherSignal + 1;
    private const int StartFailed = Timeout + 1;
    private const int ImagePullFailed = StartFailed + 1;
    private const int OutOfMemory = ImagePullFailed + 1;
    private const int PackageFailed = OutOfMemory + 1;
    private const int InputFailed = PackageFailed + 1;
    private const int OutputFailed = InputFailed + 1;

    private readonly BitArray _members = new(OutputFailed + 1);

    /// <summary>Failures of attempts whose command has not run, which therefore cannot count as a success.</summary>
    internal static IReadOnlyList<AttemptFailure> NotRun { get; } =
        [AttemptFailure.StartFailed, AttemptFailure.ImagePullFailed, AttemptFailure.PackageFailed, AttemptFailure.InputFailed];

    /// <summary>What a rule names, without its reasons; no name at all stands for everything. What could not be started is never ignored.</summary>
    internal static FailureSet Of(RetryRuleDocument rule)
    {
        var set = new FailureSet();
        foreach (var (first, last) in rule.ExitCodes.Select(ParseExitCodes))
        {
            set.AddExitCodes(first, last);
        }

        foreach (var signal in rule.Signals)
        {
            set._members[MaxExitCode + signal] = true;
        }

        var isAny = rule.ExitCodes.Count == 0 && rule.Signals.Count == 0 && rule.Causes.Count == 0;
        foreach (var cause in isAny ? Enum.GetValues<AttemptFailure>() : rule.Causes)
        {
            set.Set(cause, true);
        }

        if (rule.Action == RetryAction.Ignore)
        {
            foreach (var cause in NotRun)
            {
                set.Set(cause, false);
            }
        }

        return set;
    }

    /// <summary>A code or range of codes as the reader of documents accepted it.</summary>
    internal static (int First, int Last) ParseExitCodes(string text)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        return dash < 0
            ? (int.Parse(text, System.Globalization.CultureInfo.InvariantCulture), int.Parse(text, System.Globalization.CultureInfo.InvariantCulture))
            : (int.Parse(text.AsSpan(0, dash), System.Globalization.CultureInfo.InvariantCulture), int.Parse(text.AsSpan(dash + 1), System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>True when an attempt that ended so is in the set; false for ends that are no failure of the command.</summary>
    internal bool Contains(AttemptReport report) => report.Outcome switch
    {
        AttemptOutcome.Exited => _members[report.ExitCode is > 0 and <= MaxExitCode and var code ? code : OtherExitCode],
        AttemptOutcome.Signaled => _members[report.Signal is > 0 and <= MaxSignal and var signal ? MaxExitCode + signal : OtherSignal],
        AttemptOutcome.Timeout => _members[Timeout],
        AttemptOutcome.StartFailed => _members[StartFailed],
        AttemptOutcome.ImagePullFailed => _members[ImagePullFailed],
        AttemptOutcome.OutOfMemory => _members[OutOfMemory],
        AttemptOutcome.PackageFailed => _members[PackageFailed],
        AttemptOutcome.InputFailed => _members[InputFailed],
        AttemptOutcome.OutputFailed => _members[OutputFailed],
        AttemptOutcome.Running or AttemptOutcome.Terminated or AttemptOutcome.Returned => false,
    };

    /// <summary>True when <paramref name="others"/> together have every member that a system can show.</summary>
    internal bool IsCoveredBy(IEnumerable<FailureSet> others)
    {
        var left = new BitArray(_members) { [OtherExitCode] = false, [OtherSignal] = false };
        foreach (var other in others)
        {
            left.And(new BitArray(other._members).Not());
        }

        return !left.HasAnySet();
    }

    private void AddExitCodes(int first, int last)
    {
        for (var code = first; code <= last; code++)
        {
            _members[code] = true;
            if (code is > SignalExitCode and <= SignalExitCode + MaxSignal)
            {
                _members[MaxExitCode + code - SignalExitCode] = true;
            }
        }
    }

    private void Set(AttemptFailure cause, bool isMember)
    {
        var (first, last) = cause switch
        {
            AttemptFailure.ExitCode => (OtherExitCode, MaxExitCode),
            AttemptFailure.Signal => (MaxExitCode + 1, OtherSignal),
            AttemptFailure.Timeout => (Timeout, Timeout),
            AttemptFailure.StartFailed => (StartFailed, StartFailed),
            AttemptFailure.ImagePullFailed => (ImagePullFailed, ImagePullFailed),
            AttemptFailure.OutOfMemory => (OutOfMemory, OutOfMemory),
            AttemptFailure.PackageFailed => (PackageFailed, PackageFailed),
            AttemptFailure.InputFailed => (InputFailed, InputFailed),
            AttemptFailure.OutputFailed => (OutputFailed, OutputFailed),
        };
        for (var member = first; member <= last; member++)
        {
            _members[member] = isMember;
        }
    }
}
