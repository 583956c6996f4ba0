namespace BatchPlane.Agent.Sessions;

/// <summary>The last so many attempts that are over, so that a late copy of their grant is recognised. Not safe for threads.</summary>
internal sealed class RecentKeys(int capacity)
{
    private readonly HashSet<AttemptKey> _keys = [];
    private readonly Queue<AttemptKey> _order = new();

    internal bool Contains(AttemptKey key) => _keys.Contains(key);

    internal void Add(AttemptKey key)
    {
        if (!_keys.Add(key))
        {
            return;
        }

        _order.Enqueue(key);
        if (_order.Count > capacity)
        {
            _keys.Remove(_order.Dequeue());
        }
    }
}
