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
}
