using System.Diagnostics;
using BatchPlane.Contracts;
using BatchPlane.Server.Listeners;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace BatchPlane.Server.Tracing;

/// <summary>
/// A trace of each job for OpenTelemetry: a listener like any other, so that spans are sent at least once, behind a place of their own, whatever dies when. A span is made when its end is told.
/// </summary>
internal sealed class OpenTelemetryListener : IEventListener, IDisposable
{
    /// <summary>Name of the listener, of the spans' source, and of the service unless <c>OTEL_SERVICE_NAME</c> says another.</summary>
    internal const string ListenerName = "opentelemetry";

    private const string ServiceName = "batchplane";
    private const string SourceName = "BatchPlane.Jobs";

    private readonly OtlpExporterOptions _options;
    private readonly ExporterFaults _faults = new();

    // Of each listener its own: a source is heard by every provider of the process that names it.
    private readonly ActivitySource _source = new(SourceName, typeof(OpenTelemetryListener).Assembly.GetName().Version?.ToString(3));
    private readonly JobSpans _spans;
    private readonly int _maxSpans;
    private readonly CollectorHandler _collector;
    private readonly ListenerMetrics _metrics;
    private Action<string> _log = static _ => { };
    private SpanSender? _sender;
    private TracerProvider? _provider;

    private OpenTelemetryListener(OtlpExporterOptions exporter, TracingOptions options, ListenerMetrics metrics)
    {
        _options = exporter;
        _metrics = metrics;
        _spans = new(_source, options.TraceUnsampled);
        _maxSpans = options.MaxRequestSpans;
        _collector = new(options.MaxRequestBytes);
        exporter.HttpClientFactory = () => new(_collector, disposeHandler: false) { Timeout = TimeSpan.FromMilliseconds(exporter.TimeoutMilliseconds) };
    }

    /// <inheritdoc/>
    public string Name => ListenerName;

    /// <summary>Whether options or variables ask for one.</summary>
    internal static bool IsWanted(TracingOptions options, IConfiguration variables) => options.OtlpEndpoint is not null || !string.IsNullOrEmpty(variables["OTEL_EXPORTER_OTLP_ENDPOINT"]);

    /// <summary>The listener that options and variables ask for.</summary>
    internal static OpenTelemetryListener Create(TracingOptions options, IConfiguration variables, ListenerMetrics metrics)
    {
        // Reads the standard variables itself.
        var exporter = new OtlpExporterOptions();
        if (options.OtlpEndpoint is not null || string.IsNullOrEmpty(variables["OTEL_EXPORTER_OTLP_PROTOCOL"]))
        {
            exporter.Protocol = options.OtlpProtocol == OtlpProtocol.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        }

        if (options.OtlpEndpoint is { } endpoint)
        {
            exporter.Endpoint = exporter.Protocol == OtlpExportProtocol.HttpProtobuf ? new Uri($"{endpoint.TrimEnd('/')}/v1/traces") : new Uri(endpoint);
        }

        exporter.Headers = options.OtlpHeaders ?? exporter.Headers;
        return new(exporter, options, metrics);
    }

    /// <inheritdoc/>
    public Task StartAsync(ListenerContext context, CancellationToken cancellationToken)
    {
        _log = context.Log;
        _sender = new(new OtlpTraceExporter(_options), _collector, _source, _maxSpans, GiveUp);
        _provider = Sdk.CreateTracerProviderBuilder()
            .AddSource(SourceName)
            .SetSampler(new AlwaysOnSampler())
            .ConfigureResource(resource => resource.AddService(ServiceName).AddEnvironmentVariableDetector())
            .AddProcessor(_sender)
            .Build();
        context.Log($"sends spans to {_options.Endpoint.GetLeftPart(UriPartial.Path)}");
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task HandleAsync(ListenerBatch batch, CancellationToken cancellationToken)
    {
        _sender!.Clear();
        foreach (var one in batch.Events)
        {
            _spans.Make(one);
        }

        _faults.Clear();
        return _sender.Send(cancellationToken)
            ? Task.CompletedTask
            : throw new InvalidOperationException($"{_options.Endpoint.GetLeftPart(UriPartial.Path)} did not take the spans: {_faults.Last ?? "the exporter gave no reason"}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _provider?.Dispose();
        _source.Dispose();
        _faults.Dispose();
        _collector.Dispose();
    }

    private void GiveUp(Activity span)
    {
        _metrics.RefusedSpan();
        _log($"the span of event {span.GetTagItem(JobSpans.EventId)} is given up, the collector refused it: {_faults.Last}");
    }
}
