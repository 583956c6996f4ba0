using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Subscriptions;

/// <summary>Reads the member <c>retry</c> of a subscription.</summary>
internal static class RetryReader
{
    private const int MaxFirstDelaySeconds = 86_400;
    private const int MaxMaxDelaySeconds = 604_800;
    private const int MaxMaxRetries = 1_000;

    private static readonly MemberSet Members = new(["strategy", "first_delay_seconds", "max_delay_seconds", "max_retries"]);

    /// <summary>The rule with its defaults filled in; null when absent.</summary>
    internal static RetryDocument? Read(ObjectReader owner, ProblemList problems)
    {
        if (owner.Find("retry") is not { } value || ObjectReader.Open(value, owner.PathOf("retry"), Members, problems) is not { } rule)
        {
            return null;
        }

        rule.Require("strategy");
        var strategy = rule.Word<RetryStrategy>("strategy", WireName.Of, ItemCodes.RetryStrategyUnknown);
        var first = rule.Integer("first_delay_seconds", 1, MaxFirstDelaySeconds, ItemCodes.RetryInvalid);
        var longest = rule.Integer("max_delay_seconds", 1, MaxMaxDelaySeconds, ItemCodes.RetryInvalid);
        var retries = rule.Integer("max_retries", 0, MaxMaxRetries, ItemCodes.RetryInvalid);
        if (strategy is not (null or RetryStrategy.Exponential))
        {
            foreach (var name in Members.Names.Where(name => name != "strategy" && rule.Find(name) is not null))
            {
                problems.Add(rule.PathOf(name), ItemCodes.RetryInvalid, $"'{name}' belongs to the strategy exponential; leave it out.");
            }

            return new RetryDocument { Strategy = strategy.Value };
        }

        return new RetryDocument
        {
            Strategy = RetryStrategy.Exponential,
            FirstDelaySeconds = first ?? RetrySchedule.DefaultFirstDelaySeconds,
            MaxDelaySeconds = longest ?? RetrySchedule.DefaultMaxDelaySeconds,
            MaxRetries = retries ?? RetrySchedule.DefaultMaxRetries,
        };
    }
}
