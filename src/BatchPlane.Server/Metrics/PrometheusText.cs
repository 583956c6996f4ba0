using System.Globalization;
using System.Text;

namespace BatchPlane.Server.Metrics;

/// <summary>Kinds of a metric as the text format names them.</summary>
internal enum MetricKind
{
    /// <summary>Only grows, until the process ends. Its name ends with <c>_total</c>.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Counts of values by upper bounds, with their sum.</summary>
    Histogram,
}

/// <summary>Writes Prometheus' text format, version 0.0.4: a family is its help, its type and its samples together.</summary>
internal sealed class PrometheusText
{
    /// <summary>Content type of the format.</summary>
    internal const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();

    /// <summary>Begins a family; its samples follow.</summary>
    internal void Family(string name, MetricKind kind, string help)
    {
        _text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(kind switch
        {
            MetricKind.Counter => "counter",
            MetricKind.Gauge => "gauge",
            MetricKind.Histogram => "histogram",
        }).Append('\n');
    }

    /// <summary>One sample of the family.</summary>
    internal void Sample(string name, IEnumerable<KeyValuePair<string, string>> labels, double value)
    {
        _text.Append(name);
        var separator = '{';
        foreach (var (label, text) in labels)
        {
            _text.Append(separator).Append(label).Append("=\"").Append(Escape(text)).Append('"');
            separator = ',';
        }

        _text.Append(separator == '{' ? " " : "} ").Append(Number(value)).Append('\n');
    }

    /// <summary>A name of the format, of an instrument's name and unit: <c>batchplane.dispatch.lag</c> in <c>s</c> is <c>batchplane_dispatch_lag_seconds</c>.</summary>
    internal static string NameOf(string instrument, string? unit, MetricKind kind)
    {
        var name = new StringBuilder(LabelOf(instrument));
        name.Append(unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" });
        name.Append(kind == MetricKind.Counter ? "_total" : "");
        return name.ToString();
    }

    /// <summary>The same for a tag: letters, digits and <c>_</c> only, no digit first.</summary>
    internal static string LabelOf(string tag)
    {
        var label = string.Create(tag.Length, tag, (span, source) =>
        {
            for (var n = 0; n < span.Length; n++)
            {
                span[n] = char.IsAsciiLetterOrDigit(source[n]) ? source[n] : '_';
            }
        });
        return label.Length == 0 || char.IsAsciiDigit(label[0]) ? "_" + label : label;
    }

    /// <summary>A number of the format.</summary>
    internal static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ when double.IsNaN(value) => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    public override string ToString() => _text.ToString();

    private static string Escape(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
