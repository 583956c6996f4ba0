using System.Collections.Frozen;
using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Core;

/// <summary>Names of enum members on the wire and in the database: states <c>UPPER_SNAKE</c>, causes, conditions and providers <c>lower_snake</c>.</summary>
public static class WireName
{
    /// <summary>Wire name of a member.</summary>
    public static string Of<T>(T value)
        where T : struct, Enum => Names<T>.ByValue[value];

    /// <summary>Member with this wire name. Throws <see cref="KeyNotFoundException"/> for others: the database holds no others.</summary>
    public static T Parse<T>(string name)
        where T : struct, Enum => Names<T>.ByName[name];

    /// <summary>As <see cref="Parse{T}"/>, null for null.</summary>
    public static T? ParseNullable<T>(string? name)
        where T : struct, Enum => name is null ? null : Parse<T>(name);

    private static class Names<T>
        where T : struct, Enum
    {
        internal static readonly FrozenDictionary<T, string> ByValue =
            Enum.GetValues<T>().ToFrozenDictionary(value => value, value => Policy.ConvertName(value.ToString()));

        internal static readonly FrozenDictionary<string, T> ByName =
            ByValue.ToFrozenDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);

        private static JsonNamingPolicy Policy =>
            IsLower(typeof(T)) ? JsonNamingPolicy.SnakeCaseLower : JsonNamingPolicy.SnakeCaseUpper;

        private static bool IsLower(Type type) =>
            type == typeof(Cause) || type == typeof(DependenceCondition) || type == typeof(NodeProvider)
            || type == typeof(SubscriptionProtocol) || type == typeof(SubscriptionFormat) || type == typeof(PushForm) || type == typeof(PushContent)
            || type == typeof(RetryStrategy) || type == typeof(DeliveryState) || type == typeof(TracingMode) || type == typeof(ListenerState);
    }
}
