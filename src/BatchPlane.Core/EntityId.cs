using System.Buffers;
using System.Security.Cryptography;

namespace BatchPlane.Core;

/// <summary>Ids of the public contract: a prefix and 8 of <c>[a-z0-9]</c>. Random; a collision is found by the primary key and tried again.</summary>
public static class EntityId
{
    /// <summary>Prefix of jobs.</summary>
    public const string Job = "job-";

    /// <summary>Prefix of environments.</summary>
    public const string Environment = "env-";

    /// <summary>Prefix of nodes.</summary>
    public const string Node = "node-";

    /// <summary>Prefix of redeliveries.</summary>
    public const string Redelivery = "redel-";

    /// <summary>Prefix of machines behind nodes.</summary>
    public const string Instance = "ins-";

    /// <summary>Prefix of activities.</summary>
    public const string Activity = "act-";

    /// <summary>Prefix of tokens that let machines join.</summary>
    public const string JoinToken = "jtok-";

    /// <summary>Prefix of subscriptions.</summary>
    public const string Subscription = "subsc-";

    /// <summary>Prefix of task templates.</summary>
    public const string TaskTemplate = "task-tmpl-";

    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const int RandomLength = 8;
    private static readonly SearchValues<char> Allowed = SearchValues.Create(Alphabet);

    /// <summary>A new random id with this prefix.</summary>
    public static string New(string prefix) => prefix + RandomNumberGenerator.GetString(Alphabet, RandomLength);

    /// <summary>True when <paramref name="id"/> has this prefix and the right shape; says nothing about existence.</summary>
    public static bool IsWellFormed(string prefix, string id) =>
        id.Length == prefix.Length + RandomLength
        && id.StartsWith(prefix, StringComparison.Ordinal)
        && !id.AsSpan(prefix.Length).ContainsAnyExcept(Allowed);
}
