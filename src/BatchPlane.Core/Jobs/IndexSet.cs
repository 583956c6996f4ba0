namespace BatchPlane.Core.Jobs;

/// <summary>A set of instance indexes as sorted, disjoint, non-adjacent ranges: small as long as the indexes are dense.</summary>
public sealed class IndexSet
{
    private readonly List<(int First, int Count)> _ranges = [];

    /// <summary>The ranges in ascending order.</summary>
    public IReadOnlyList<(int First, int Count)> Ranges => _ranges;

    /// <summary>Number of indexes in the set.</summary>
    public int Count { get; private set; }

    /// <summary>Adds consecutive indexes. They must not be in the set yet.</summary>
    public void Add(int first, int count = 1)
    {
        var at = _ranges.FindIndex(range => range.First > first);
        at = at < 0 ? _ranges.Count : at;
        _ranges.Insert(at, (first, count));
        Count += count;
        MergeWithNext(at);
        if (at > 0)
        {
            MergeWithNext(at - 1);
        }
    }

    /// <summary>Removes the smallest indexes, at most <paramref name="limit"/>, and returns them in ascending order.</summary>
    public IReadOnlyList<int> TakeFirst(int limit)
    {
        var taken = new List<int>(Math.Min(limit, Count));
        while (taken.Count < limit && _ranges.Count > 0)
        {
            var (first, count) = _ranges[0];
            var use = Math.Min(count, limit - taken.Count);
            taken.AddRange(Enumerable.Range(first, use));
            if (use == count)
            {
                _ranges.RemoveAt(0);
            }
            else
            {
                _ranges[0] = (first + use, count - use);
            }
        }

        Count -= taken.Count;
        return taken;
    }

    /// <summary>Empties the set.</summary>
    public void Clear()
    {
        _ranges.Clear();
        Count = 0;
    }

    private void MergeWithNext(int at)
    {
        if (at + 1 < _ranges.Count && _ranges[at].First + _ranges[at].Count == _ranges[at + 1].First)
        {
            _ranges[at] = (_ranges[at].First, _ranges[at].Count + _ranges[at + 1].Count);
            _ranges.RemoveAt(at + 1);
        }
    }
}
