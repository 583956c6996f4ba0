namespace BatchPlane.Agent.Keeping;

/// <summary>
/// A queue between threads whose takers sleep at once when it is empty. The queues of the library turn for a while first, which pays where the next item is near; here the turns would take
/// the processor from the very programs that are started.
/// </summary>
internal sealed class Handoff<T>
{
    private readonly object _gate = new();
    private readonly Queue<T> _items = [];

    internal void Add(T item)
    {
        lock (_gate)
        {
            _items.Enqueue(item);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>The next item; waits for it.</summary>
    internal T Take()
    {
        lock (_gate)
        {
            while (_items.Count == 0)
            {
                Monitor.Wait(_gate);
            }

            return _items.Dequeue();
        }
    }

    /// <summary>The next item, if it comes within a limit.</summary>
    internal bool TryTake(out T item, TimeSpan limit)
    {
        lock (_gate)
        {
            if (_items.Count == 0)
            {
                _ = Monitor.Wait(_gate, limit);
            }

            return _items.TryDequeue(out item!);
        }
    }
}
