using BatchPlane.Server.Dispatch.Bus;

namespace BatchPlane.Server.Dispatch;

/// <summary>
/// Whether exchanges, queues and bindings of all topics were declared on the connection that is open now. Before that no event is sent on it: what was subscribed while the broker was away, or what
/// a broker lost with its data, would miss it for good.
/// </summary>
internal sealed class TopologyReadiness(BrokerConnection broker)
{
    private readonly Lock _gate = new();
    private LiveConnection? _declared;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>True when everything was declared on the connection that is open now.</summary>
    internal bool IsReady
    {
        get
        {
            lock (_gate)
            {
                return IsDeclared;
            }
        }
    }

    private bool IsDeclared => broker.TryGetOpen(out var open) && ReferenceEquals(open, _declared);

    /// <summary>Everything was declared on this connection.</summary>
    internal void Declared(LiveConnection connection)
    {
        lock (_gate)
        {
            _declared = connection;
            _changed.SetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Returns when <see cref="IsReady"/>.</summary>
    internal async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (IsDeclared)
                {
                    return;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }
}
