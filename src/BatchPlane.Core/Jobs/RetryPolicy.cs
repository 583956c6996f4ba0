using System.IO.Enumeration;
using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

/// <summary>What follows from failed attempts of a task: its ordered rules and its backoff. Pure; stored as JSON in <c>tasks.retry_policy</c>, and taken apart at the first failure.</summary>
public sealed class RetryPolicy
{
    private readonly string? _json;
    private readonly Lazy<(IReadOnlyList<Rule> Rules, BackoffDocument? Backoff)> _content;

    private RetryPolicy(string? json)
    {
        _json = json;
        _content = new(() => Read(json));
    }

    /// <summary>Every failure is tried again at once, as often as the task says.</summary>
    public static RetryPolicy None { get; } = new(null);

    /// <summary>The policy of a validated task.</summary>
    internal static RetryPolicy Of(TaskDocument task) => task.RetryRules.Count == 0 && task.RetryBackoff is null
        ? None
        : new(JsonSerializer.Serialize(new Stored(task.RetryRules, task.RetryBackoff), BatchPlaneJson.Options));

    /// <summary>The policy in a column; null: <see cref="None"/>.</summary>
    internal static RetryPolicy FromColumn(string? json) => json is null ? None : new(json);

    /// <summary>As <see cref="FromColumn"/> takes it.</summary>
    internal string? ToColumn() => _json;

    /// <summary>What the first rule that matches says about a failed attempt; without one, another attempt after the task's backoff.</summary>
    internal RetryVerdict Judge(AttemptReport report, string reason)
    {
        var (rules, backoff) = _content.Value;
        for (var number = 0; number < rules.Count; number++)
        {
            var (document, failures) = rules[number];
            if (failures.Contains(report) && Names(document, reason))
            {
                return new(document.Action, number, document.MaxRetryCount, document.Backoff ?? backoff);
            }
        }

        return new(RetryAction.Retry, null, null, backoff);
    }

    private static bool Names(RetryRuleDocument rule, string reason) =>
        rule.Reasons.Count == 0 || rule.Reasons.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, reason, ignoreCase: true));

    private static (IReadOnlyList<Rule> Rules, BackoffDocument? Backoff) Read(string? json)
    {
        var stored = json is null ? new([], null) : JsonSerializer.Deserialize<Stored>(json, BatchPlaneJson.Options)!;
        return ([.. stored.RetryRules.Select(rule => new Rule(rule, FailureSet.Of(rule)))], stored.RetryBackoff);
    }

    private sealed record Stored(IReadOnlyList<RetryRuleDocument> RetryRules, BackoffDocument? RetryBackoff);

    private sealed record Rule(RetryRuleDocument Document, FailureSet Failures);
}

/// <summary>What follows from a failed attempt.</summary>
/// <param name="Action">What to do.</param>
/// <param name="RuleNo">Position of the rule that says so; null: none matched.</param>
/// <param name="MaxRetryCount">The rule's own budget; null: the task's.</param>
/// <param name="Backoff">How long to wait before another attempt; null: not at all.</param>
internal sealed record RetryVerdict(RetryAction Action, int? RuleNo, int? MaxRetryCount, BackoffDocument? Backoff)
{
    /// <summary>The rule as its place in the task's document; empty when none matched.</summary>
    internal string RuleText => RuleNo is { } number ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"retry_rules[{number}]") : "";
}
