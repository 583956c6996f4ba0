using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Server.Tracing;

/// <summary>How spans travel.</summary>
public enum OtlpProtocol
{
    /// <summary>OTLP over HTTP, protobuf.</summary>
    HttpProtobuf,

    /// <summary>OTLP over gRPC.</summary>
    Grpc,
}

/// <summary>Traces of jobs for OpenTelemetry. Options section <c>Tracing</c>. What it does not say, the variables <c>OTEL_EXPORTER_OTLP_…</c> and <c>OTEL_RESOURCE_ATTRIBUTES</c>, <c>OTEL_SERVICE_NAME</c> do.</summary>
public sealed class TracingOptions
{
    /// <summary>Where spans are sent, <c>http://collector:4318</c>; over HTTP <c>/v1/traces</c> is added. Null: to <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>; nowhere when that is not set either.</summary>
    [Url]
    public string? OtlpEndpoint { get; set; }

    /// <summary>How: HttpProtobuf or Grpc; default HttpProtobuf. Where <see cref="OtlpEndpoint"/> is not set, <c>OTEL_EXPORTER_OTLP_PROTOCOL</c> goes before it.</summary>
    public OtlpProtocol OtlpProtocol { get; set; } = OtlpProtocol.HttpProtobuf;

    /// <summary>Headers of each request, <c>key=value,key=value</c>. Null: those of <c>OTEL_EXPORTER_OTLP_HEADERS</c>.</summary>
    public string? OtlpHeaders { get; set; }

    /// <summary>Also jobs have a trace whose submit came with a <c>traceparent</c> that says that its trace is not recorded (flag 00). Default: they have none.</summary>
    public bool TraceUnsampled { get; set; }

    /// <summary>Most spans of a request. 1 to 10,000; default 512. Requests that a collector refuses are halved.</summary>
    [Range(1, 10_000)]
    public int MaxRequestSpans { get; set; } = 512;

    /// <summary>Most bytes of a request; one that has more is halved, and a single span that has more is given up. 65,536 to 67,108,864; default 4,000,000: collectors take 4 MiB over gRPC where nothing is said.</summary>
    [Range(65_536, 67_108_864)]
    public int MaxRequestBytes { get; set; } = 4_000_000;
}
