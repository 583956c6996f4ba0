using System.Diagnostics.Tracing;

namespace BatchPlane.Server.Tracing;

/// <summary>Hears why the exporter of OpenTelemetry failed, which it tells its event source alone. Of several exporters in one process it is not known which.</summary>
internal sealed class ExporterFaults : EventListener
{
    private const string SourceName = "OpenTelemetry-Exporter-OpenTelemetryProtocol";

    /// <summary>What was told last, in words; null: nothing since it was cleared.</summary>
    internal string? Last { get; private set; }

    internal void Clear() => Last = null;

    /// <inheritdoc/>
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == SourceName)
        {
            EnableEvents(eventSource, EventLevel.Warning);
        }
    }

    /// <inheritdoc/>
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.Message is { } format)
        {
            Last = string.Format(System.Globalization.CultureInfo.InvariantCulture, format, [.. eventData.Payload ?? (IEnumerable<object?>)[]]).Split('\n')[0].Trim();
        }
    }
}
