using System.Collections.Frozen;

namespace BatchPlane.Core.Validation;

/// <summary>The members an object may have, by their canonical snake_case names.</summary>
internal sealed class MemberSet
{
    private readonly FrozenDictionary<string, string> _canonicalByKey;
    private readonly FrozenSet<string> _notYet;
    private readonly string[] _names;

    /// <param name="names">Members that are read.</param>
    /// <param name="notYet">
    /// Members of the specification that BatchPlane does not honour: refused by name, since a document that relies on them
    /// would not do what its author expects.
    /// </param>
    internal MemberSet(string[] names, string[]? notYet = null)
    {
        _names = names;
        _canonicalByKey = names.ToFrozenDictionary(Spelling.Key, StringComparer.Ordinal);
        _notYet = (notYet ?? []).Select(Spelling.Key).ToFrozenSet(StringComparer.Ordinal);
    }

    /// <summary>Members that were given when the thing was made and cannot be changed: refused by name.</summary>
    internal IReadOnlyList<string> Fixed { get; init; } = [];

    /// <summary>Canonical names of the members that are read.</summary>
    internal IReadOnlyList<string> Names => _names;

    /// <summary>Canonical name of a spelling; null when it is none of the members that are read.</summary>
    internal string? Canonical(string spelling) => _canonicalByKey.GetValueOrDefault(Spelling.Key(spelling));

    /// <summary>True for a member that is specified but not honoured.</summary>
    internal bool IsNotYet(string spelling) => _notYet.Contains(Spelling.Key(spelling));

    /// <summary>True for a member of <see cref="Fixed"/>.</summary>
    internal bool IsFixed(string spelling) => Fixed.Any(name => Spelling.Key(name) == Spelling.Key(spelling));

    /// <summary>Says what may have been meant.</summary>
    internal string Suggest(string spelling) => Spelling.Nearest(spelling, _names) is { } nearest
        ? $" Did you mean '{nearest}'?"
        : $" Known members: {string.Join(", ", _names)}.";
}
