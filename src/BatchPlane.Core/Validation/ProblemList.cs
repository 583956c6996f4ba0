using BatchPlane.Contracts;

namespace BatchPlane.Core.Validation;

/// <summary>Everything found wrong with one request, in the order of the request.</summary>
public sealed class ProblemList
{
    /// <summary>Most problems listed; a large body can hold more, which are only counted.</summary>
    public const int MaxListed = 100;

    /// <summary>Problems after which nothing is suggested any more: looking for what was meant takes longer than finding the problem.</summary>
    private const int MaxSuggested = 20;

    private readonly List<ProblemItem> _items = [];
    private int _unlisted;

    /// <summary>True when anything is wrong.</summary>
    public bool Any => _items.Count > 0;

    /// <summary>Number of problems found, those included that are not listed.</summary>
    public int Count => _items.Count + _unlisted;

    /// <summary>True while it is worth the time to look for what may have been meant.</summary>
    public bool MaySuggest => _items.Count < MaxSuggested;

    /// <summary>The problems; the last one says how many are not listed, when there are more than <see cref="MaxListed"/>.</summary>
    public IReadOnlyList<ProblemItem> Items => _unlisted == 0
        ? _items
        : [.. _items, new ProblemItem("$", ItemCodes.TooManyProblems, FormattableString.Invariant($"{_unlisted} more problems are not listed."))];

    /// <summary>Adds a problem; <paramref name="code"/> is one of <see cref="ItemCodes"/>.</summary>
    public void Add(string path, string code, string message)
    {
        if (_items.Count < MaxListed)
        {
            _items.Add(new ProblemItem(path, code, message));
        }
        else
        {
            _unlisted++;
        }
    }
}
