using System.Diagnostics.Metrics;
using BatchPlane.Server.Dispatch;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>Counts of the façade, meter <c>BatchPlane</c>. Names: docs/telemetry.md.</summary>
internal sealed class TencentMetrics
{
    private readonly Counter<long> _requests;

    public TencentMetrics(IMeterFactory meters) => _requests = meters.Create(DispatchMetrics.MeterName)
        .CreateCounter<long>("batchplane.tencent.requests", "{request}", "Requests of the Tencent façade, by action and code");

    internal void Answered(string action, string code) => _requests.Add(1, KeyValuePair.Create("action", (object?)action), KeyValuePair.Create("code", (object?)code));
}
