namespace BatchPlane.Core.Jobs;

/// <summary>
/// Finds circles in a directed graph, without recursion: a chain may be as long as a job has tasks. Circles that share
/// a node are reported once, so the answer is short and cutting each named circle is a step forward.
/// </summary>
internal static class CycleFinder
{
    /// <summary>
    /// Circles without a common node, each as its nodes in the order of the edges, its lowest node first; empty when there is none.
    /// The order of the answer depends on nodes and edges alone.
    /// </summary>
    internal static IReadOnlyList<IReadOnlyList<int>> Find(int nodes, IEnumerable<(int Start, int End)> edges)
    {
        var search = new Search(nodes, edges.ToLookup(edge => edge.Start, edge => edge.End));
        for (var node = 0; node < nodes; node++)
        {
            search.From(node);
        }

        return search.Cycles;
    }

    /// <summary>Depth-first search; a circle is an edge back to a node on the current path.</summary>
    private sealed class Search(int nodes, ILookup<int, int> next)
    {
        private readonly bool[] _seen = new bool[nodes];
        private readonly bool[] _onPath = new bool[nodes];
        private readonly bool[] _reported = new bool[nodes];
        private readonly List<int> _path = [];
        private readonly Stack<IEnumerator<int>> _pending = [];

        internal List<IReadOnlyList<int>> Cycles { get; } = [];

        internal void From(int root)
        {
            if (_seen[root])
            {
                return;
            }

            Enter(root);
            while (_pending.TryPeek(out var successors))
            {
                if (!successors.MoveNext())
                {
                    Leave();
                }
                else if (_onPath[successors.Current])
                {
                    Report(successors.Current);
                }
                else if (!_seen[successors.Current])
                {
                    Enter(successors.Current);
                }
            }
        }

        private void Enter(int node)
        {
            _seen[node] = true;
            _onPath[node] = true;
            _path.Add(node);
            _pending.Push(next[node].Order().GetEnumerator());
        }

        private void Leave()
        {
            _pending.Pop().Dispose();
            _onPath[_path[^1]] = false;
            _path.RemoveAt(_path.Count - 1);
        }

        private void Report(int node)
        {
            if (_reported[node] || _reported[_path[^1]])
            {
                return;
            }

            var cycle = _path[_path.IndexOf(node)..];
            if (cycle.Exists(member => _reported[member]))
            {
                return;
            }

            cycle.ForEach(member => _reported[member] = true);
            var lowest = cycle.IndexOf(cycle.Min());
            Cycles.Add([.. cycle[lowest..], .. cycle[..lowest]]);
        }
    }
}
