using System.Globalization;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Jobs;

/// <summary>Reads what a task says about failures: <c>retry_rules</c> and <c>retry_backoff</c>. A rule that can never take effect is a problem, too.</summary>
internal sealed class RetryReader(JobLimits limits, ProblemList problems)
{
    internal const int MaxRetries = 100;

    private const double MinSeconds = 0.1;
    private const double MaxSeconds = 604_800;
    private const double MaxMultiplier = 100;
    private const int MaxReasons = 20;

    private static readonly MemberSet RuleMembers = new(["exit_codes", "signals", "causes", "reasons", "action", "max_retry_count", "backoff"]);
    private static readonly MemberSet BackoffMembers = new(["initial_seconds", "multiplier", "max_seconds", "jitter"]);
    private static readonly TextRule Reason = new() { MinLength = 1, MaxLength = 200, EmptyCode = ItemCodes.RetryReasonInvalid, TooLongCode = ItemCodes.RetryReasonInvalid };

    /// <summary>Every member of rules and backoffs, by the path of its object.</summary>
    internal static IReadOnlyList<(string Path, MemberSet Members)> Fields { get; } =
    [
        ("$.tasks[0].retry_rules[0]", RuleMembers),
        ("$.tasks[0].retry_rules[0].backoff", BackoffMembers),
        ("$.tasks[0].retry_backoff", BackoffMembers),
    ];

    /// <summary>The member <c>retry_rules</c> of a task whose <c>max_retry_count</c> is as given; empty when absent.</summary>
    internal IReadOnlyList<RetryRuleDocument> ReadRules(ObjectReader task, int maxRetryCount)
    {
        var before = new List<FailureSet>();
        return task.List("retry_rules", limits.MaxRetryRules, ItemCodes.RetryRulesTooMany, (element, path) => ReadRule(element, path, maxRetryCount, before)) ?? [];
    }

    /// <summary>A backoff; null when absent or unusable.</summary>
    internal BackoffDocument? ReadBackoff(ObjectReader owner, string name)
    {
        if (owner.Find(name) is not { } value || ObjectReader.Open(value, owner.PathOf(name), BackoffMembers, problems) is not { } members)
        {
            return null;
        }

        var usual = new BackoffDocument();
        var initial = members.Number("initial_seconds", MinSeconds, MaxSeconds, ItemCodes.BackoffInitialOutOfRange) ?? usual.InitialSeconds;
        var max = members.Number("max_seconds", MinSeconds, MaxSeconds, ItemCodes.BackoffMaxOutOfRange);
        if (max < initial)
        {
            problems.Add(members.PathOf("max_seconds"), ItemCodes.BackoffMaxBelowInitial, string.Create(CultureInfo.InvariantCulture, $"Expected at least initial_seconds, {initial}, given {max}."));
        }

        return new()
        {
            InitialSeconds = initial,
            Multiplier = members.Number("multiplier", 1, MaxMultiplier, ItemCodes.BackoffMultiplierOutOfRange) ?? usual.Multiplier,
            MaxSeconds = max ?? Math.Max(initial, usual.MaxSeconds),
            Jitter = members.Number("jitter", 0, 1, ItemCodes.BackoffJitterOutOfRange) ?? usual.Jitter,
        };
    }

    private RetryRuleDocument? ReadRule(JsonElement element, string path, int taskRetries, List<FailureSet> before)
    {
        if (ObjectReader.Open(element, path, RuleMembers, problems) is not { } members)
        {
            return null;
        }

        var found = problems.Count;
        var action = members.Require("action") is null ? null : members.Word<RetryAction>("action", Spelling.LowerWord, ItemCodes.RetryActionUnknown);
        var rule = new RetryRuleDocument
        {
            ExitCodes = ReadExitCodes(members),
            Signals = ReadSignals(members),
            Causes = ReadCauses(members, action),
            Reasons = members.List("reasons", MaxReasons, ItemCodes.RetryReasonsTooMany, (reason, at) => ObjectReader.TextOf(reason, at, Reason, problems)) ?? [],
            Action = action ?? default,
            MaxRetryCount = members.Integer("max_retry_count", 0, MaxRetries, ItemCodes.MaxRetryCountOutOfRange),
            Backoff = ReadBackoff(members, "backoff"),
        };
        CheckEffect(rule, action, taskRetries, members);

        // What is wrong by itself says nothing about its place among the others.
        if (problems.Count == found)
        {
            CheckReach(rule, path, before);
        }

        return rule;
    }

    private void CheckEffect(RetryRuleDocument rule, RetryAction? action, int taskRetries, ObjectReader members)
    {
        foreach (var name in action is RetryAction.Fail or RetryAction.Ignore ? (string[])["max_retry_count", "backoff"] : [])
        {
            if (members.Find(name) is not null)
            {
                problems.Add(members.PathOf(name), ItemCodes.RetryOptionMisplaced, $"'{name}' goes with the action retry; this rule says {Spelling.LowerWord(action!.Value)}.");
            }
        }

        if (action == RetryAction.Retry && (rule.MaxRetryCount ?? taskRetries) == 0)
        {
            problems.Add(members.PathOf("action"), ItemCodes.RetryBudgetMissing, "The rule says retry, but there is no retry: give max_retry_count, in the rule or the task.");
        }
    }

    /// <summary>Earlier rules with reasons let some of their failures pass, so they hide nothing.</summary>
    private void CheckReach(RetryRuleDocument rule, string path, List<FailureSet> before)
    {
        var failures = FailureSet.Of(rule);
        if (failures.IsCoveredBy(before))
        {
            problems.Add(path, ItemCodes.RetryRuleUnreachable, "The rules before it match everything that this one could match.");
        }

        if (rule.Reasons.Count == 0)
        {
            before.Add(failures);
        }
    }

    private List<string> ReadExitCodes(ObjectReader rule)
    {
        var seen = new HashSet<int>();
        return rule.List("exit_codes", FailureSet.MaxExitCode, ItemCodes.ExitCodesTooMany, (element, path) => ReadExitCode(element, path, seen)) ?? [];
    }

    private string? ReadExitCode(JsonElement element, string path, HashSet<int> seen)
    {
        if (ParseExitCodes(element) is not var (first, last))
        {
            problems.Add(path, ItemCodes.ExitCodeInvalid, $"Expected an exit code from 1 to {FailureSet.MaxExitCode} or a range of them such as \"64-78\", given {Shown.Given(element)}.");
            return null;
        }

        var repeated = Enumerable.Range(first, last - first + 1).Where(code => !seen.Add(code)).ToList();
        if (repeated.Count > 0)
        {
            problems.Add(path, ItemCodes.ExitCodeDuplicate, string.Create(CultureInfo.InvariantCulture, $"The exit code {repeated[0]} is named twice."));
        }

        return first == last ? first.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{first}-{last}");
    }

    private static (int First, int Last)? ParseExitCodes(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Number)
        {
            return element.TryGetInt32(out var code) && code is > 0 and <= FailureSet.MaxExitCode ? (code, code) : null;
        }

        if (element.ValueKind != JsonValueKind.String || !JsonText.TryGet(element, out var text))
        {
            return null;
        }

        var ends = text.Split('-');
        var numbers = ends.Select(end => int.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : 0).ToArray();
        return ends.Length <= 2 && numbers.All(code => code is > 0 and <= FailureSet.MaxExitCode) && numbers[0] <= numbers[^1] ? (numbers[0], numbers[^1]) : null;
    }

    private List<int> ReadSignals(ObjectReader rule)
    {
        var signals = new List<int>();
        rule.List<object>("signals", FailureSet.MaxSignal, ItemCodes.SignalsTooMany, (element, path) =>
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt32(out var signal) || signal is < 1 or > FailureSet.MaxSignal)
            {
                problems.Add(path, ItemCodes.SignalOutOfRange, $"Expected the number of a signal, 1 to {FailureSet.MaxSignal}, given {Shown.Given(element)}.");
            }
            else if (signals.Contains(signal))
            {
                problems.Add(path, ItemCodes.SignalDuplicate, string.Create(CultureInfo.InvariantCulture, $"The signal {signal} is named twice."));
            }
            else
            {
                signals.Add(signal);
            }

            return null;
        });
        return signals;
    }

    private List<AttemptFailure> ReadCauses(ObjectReader rule, RetryAction? action)
    {
        var causes = new List<AttemptFailure>();
        rule.List<object>("causes", Enum.GetValues<AttemptFailure>().Length, ItemCodes.RetryCausesTooMany, (element, path) =>
        {
            if (ObjectReader.WordOf<AttemptFailure>(element, path, Spelling.LowerWord, problems, ItemCodes.RetryCauseUnknown) is not { } cause)
            {
                return null;
            }

            if (causes.Contains(cause))
            {
                problems.Add(path, ItemCodes.RetryCauseDuplicate, $"The cause {Spelling.LowerWord(cause)} is named twice.");
            }
            else
            {
                causes.Add(cause);
            }

            if (FailureSet.NotRun.Contains(cause) && action == RetryAction.Ignore)
            {
                problems.Add(path, ItemCodes.RetryIgnoreStartFailed, "What could not be started cannot be ignored: it has not run.");
            }

            return null;
        });
        return causes;
    }
}
