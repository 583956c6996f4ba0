using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Dispatch;
using BatchPlane.Server.Metrics;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Events;

/// <summary>How far delivery is behind, counted once for many who ask within a moment.</summary>
internal sealed class DispatchLag(DispatchQueries dispatch, IOptions<DispatchOptions> options, IOptions<MetricsOptions> metrics, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);
    private DispatchView? _last;
    private long _countedAt;

    internal async Task<DispatchView> GetAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_last is null || time.GetElapsedTime(_countedAt) >= options.Value.LagAge)
            {
                _last = await dispatch.LagAsync(options.Value.LagRows, metrics.Value.MaxSeries, cancellationToken);
                _countedAt = time.GetTimestamp();
            }

            return _last;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();
}
