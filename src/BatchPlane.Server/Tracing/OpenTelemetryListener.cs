using System.Diagnostics;
using BatchPlane.Contracts;
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
    private SpanBatch? _batch;
    private TracerProvider? _provider;

    private OpenTelemetryListener(OtlpExporterOptions options)
    {
        _options = options;
        _spans = new(_source);
    }

    /// <inheritdoc/>
    public string Name => ListenerName;

    /// <summary>The listener that options and variables ask for; null when they ask for none.</summary>
    internal static OpenTelemetryListener? Create(TracingOptions options, IConfiguration variables)
    {
        if (options.OtlpEndpoint is null && string.IsNullOrEmpty(variables["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            return null;
        }

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
        return new(exporter);
    }

    /// <inheritdoc/>
    public Task StartAsync(ListenerContext context, CancellationToken cancellationToken)
    {
        _batch = new(new OtlpTraceExporter(_options), _source);
        _provider = Sdk.CreateTracerProviderBuilder()
            .AddSource(SourceName)
            .SetSampler(new AlwaysOnSampler())
            .ConfigureResource(resource => resource.AddService(ServiceName).AddEnvironmentVariableDetector())
            .AddProcessor(_batch)
            .Build();
        context.Log($"sends spans to {_options.Endpoint.GetLeftPart(UriPartial.Path)}");
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task HandleAsync(ListenerBatch batch, CancellationToken cancellationToken)
    {
        _batch!.Clear();
        foreach (var one in batch.Events)
        {
            _spans.Make(one);
        }

        _faults.Clear();
        return _batch.Send()
            ? Task.CompletedTask
            : throw new InvalidOperationException($"{_options.Endpoint.GetLeftPart(UriPartial.Path)} did not take the spans: {_faults.Last ?? "the exporter gave no reason"}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _provider?.Dispose();
        _source.Dispose();
        _faults.Dispose();
    }

    /// <summary>Keeps the spans of one source that ended, and sends them when it is told to, so that it is known whether they were taken.</summary>
    private sealed class SpanBatch(BaseExporter<Activity> exporter, ActivitySource source) : BaseExportProcessor<Activity>(exporter)
    {
        private readonly List<Activity> _spans = [];

        internal void Clear() => _spans.Clear();

        internal bool Send() => _spans.Count == 0 || exporter.Export(new Batch<Activity>([.. _spans], _spans.Count)) == ExportResult.Success;

        protected override void OnExport(Activity data)
        {
            if (ReferenceEquals(data.Source, source))
            {
                _spans.Add(data);
            }
        }
    }
}
