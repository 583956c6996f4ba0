namespace BatchPlane.Core.Subscriptions;

/// <summary>Patterns of AMQP topic exchanges: <c>*</c> is exactly one word, <c>#</c> any number of words.</summary>
public static class BindingPattern
{
    /// <summary>True when the pattern matches the routing key, as the broker decides it.</summary>
    public static bool Matches(string pattern, string routingKey) => Matches(pattern.Split('.'), routingKey.Split('.'));

    private static bool Matches(ReadOnlySpan<string> pattern, ReadOnlySpan<string> words) => pattern switch
    {
        [] => words.IsEmpty,
        ["#", .. var rest] => Matches(rest, words) || (!words.IsEmpty && Matches(pattern, words[1..])),
        [var first, .. var rest] => !words.IsEmpty && (first == "*" || first == words[0]) && Matches(rest, words[1..]),
    };
}
