namespace BatchPlane.Core.Jobs;

/// <summary>A set of instance indexes as sorted, disjoint, non-adjacent ranges: small as long as the indexes are dense.</summary>
public sealed class IndexSet
{
    private readonly List<(int First, int Count)> _ranges = [];

    /// <summary>The ranges in ascending order.</summary>
    public IReadOnlyList<(int First, int Count)> Ranges => _ranges;

    /// <summary>Number of indexes in the set.</summary>
    public int Count { get; private set; }

    /// <summary>True when <paramref name="index"/> is in the set.</summary>
    public bool Contains(int index)
    {
        var at = LastFrom(index);
        return at >= 0 && index < _ranges[at].First + _ranges[at].Count;
    }

    /// <summary>Adds consecutive indexes. They must not be in the set yet.</summary>
    public void Add(int first, int count = 1)
    {
        if (count == 0)
        {
            return;
        }

        var at = LastFrom(first) + 1;
        _ranges.Insert(at, (first, count));
        Count += count;
        MergeWithNext(at);
        if (at > 0)
        {
            MergeWithNext(at - 1);
        }
    }

    /// <summary>Adds consecutive indexes, whether or not they are in the set.</summary>
    public void Include(int first, int count = 1)
    {
        Remove(first, count);
        Add(first, count);
    }

    /// <summary>Adds all indexes of another set.</summary>
    public void Include(IndexSet other)
    {
        foreach (var (first, count) in other.Ranges)
        {
            Include(first, count);
        }
    }

    /// <summary>Those of <paramref name="count"/> consecutive indexes that are in the set, as ranges in ascending order.</summary>
    public IReadOnlyList<(int First, int Count)> Within(int first, int count)
    {
        var end = first + (long)count;
        var found = new List<(int First, int Count)>();
        for (var at = Math.Max(0, LastFrom(first)); at < _ranges.Count && _ranges[at].First < end; at++)
        {
            var from = Math.Max(_ranges[at].First, first);
            var to = (int)Math.Min(_ranges[at].First + (long)_ranges[at].Count, end);
            if (from < to)
            {
                found.Add((from, to - from));
            }
        }

        return found;
    }

    /// <summary>A set of the indexes that are in this and in <paramref name="other"/>.</summary>
    public IndexSet Intersect(IndexSet other)
    {
        var both = new IndexSet();
        foreach (var (first, count) in _ranges.SelectMany(range => other.Within(range.First, range.Count)))
        {
            both.Add(first, count);
        }

        return both;
    }

    /// <summary>Removes those of <paramref name="count"/> consecutive indexes that are in the set, and returns them as ranges in ascending order.</summary>
    public IReadOnlyList<(int First, int Count)> Remove(int first, int count = 1)
    {
        var end = first + (long)count;
        var removed = new List<(int First, int Count)>();
        var at = Math.Max(0, LastFrom(first));
        while (at < _ranges.Count && _ranges[at].First < end)
        {
            var range = _ranges[at];
            var from = Math.Max(range.First, first);
            var to = (int)Math.Min(range.First + (long)range.Count, end);
            if (from >= to)
            {
                at++;
                continue;
            }

            removed.Add((from, to - from));
            _ranges.RemoveAt(at);
            if (range.First < from)
            {
                _ranges.Insert(at++, (range.First, from - range.First));
            }

            if (to < range.First + range.Count)
            {
                _ranges.Insert(at++, (to, range.First + range.Count - to));
            }
        }

        Count -= removed.Sum(range => range.Count);
        return removed;
    }

    /// <summary>Removes the smallest indexes, at most <paramref name="limit"/>, and returns them as ranges in ascending order.</summary>
    public IReadOnlyList<(int First, int Count)> TakeRanges(int limit)
    {
        var taken = new List<(int First, int Count)>();
        var whole = 0;
        foreach (var (first, count) in _ranges)
        {
            var use = Math.Min(count, limit);
            if (use == 0)
            {
                break;
            }

            taken.Add((first, use));
            limit -= use;
            Count -= use;
            if (use < count)
            {
                _ranges[whole] = (first + use, count - use);
                break;
            }

            whole++;
        }

        _ranges.RemoveRange(0, whole);
        return taken;
    }

    /// <summary>Removes the smallest indexes, at most <paramref name="limit"/>, and returns them in ascending order.</summary>
    public IReadOnlyList<int> TakeFirst(int limit) => [.. TakeRanges(limit).SelectMany(range => Enumerable.Range(range.First, range.Count))];

    /// <summary>Removes everything and returns it as ranges in ascending order.</summary>
    public IReadOnlyList<(int First, int Count)> TakeAll() => TakeRanges(int.MaxValue);

    /// <summary>Position of the last range that begins at or before <paramref name="index"/>; -1 when there is none.</summary>
    private int LastFrom(int index)
    {
        var (low, high) = (0, _ranges.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_ranges[middle].First <= index)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - 1;
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
