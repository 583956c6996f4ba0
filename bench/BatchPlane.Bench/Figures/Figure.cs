using System.Text.Json;
using System.Text.Json.Serialization;

namespace BatchPlane.Bench.Figures;

/// <summary>One measured value, with that of the peer from the same run where there is one.</summary>
/// <param name="Bench">Name of the benchmark.</param>
/// <param name="Name">What was measured, <c>lower_snake</c>.</param>
/// <param name="Value">The value.</param>
/// <param name="Unit">Of the value and the peer's.</param>
/// <param name="Peer">What it is compared with; null: nothing.</param>
/// <param name="PeerValue">The peer's value.</param>
internal sealed record Figure(
    string Bench,
    [property: JsonPropertyName("figure")] string Name,
    double Value,
    string Unit,
    string? Peer = null,
    double? PeerValue = null)
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Value divided by the peer's; null without one.</summary>
    public double? Ratio => PeerValue is { } peer and not 0 ? Rounded(Value / peer) : null;

    /// <summary>A figure against the median of a peer's values; without a peer when there are none.</summary>
    internal static Figure Of(string bench, string name, double value, string unit, string peer, IReadOnlyCollection<double> ofPeer) =>
        ofPeer.Count == 0 ? new(bench, name, value, unit) : new(bench, name, value, unit, peer, Statistics.Median(ofPeer));

    /// <summary>The line that goes to standard output.</summary>
    internal string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <summary>The same with rounded values.</summary>
    internal Figure InFourDigits() => this with { Value = Rounded(Value), PeerValue = PeerValue is { } peer ? Rounded(peer) : null };

    /// <summary>Four significant digits: more would be noise.</summary>
    private static double Rounded(double value) =>
        value == 0 || !double.IsFinite(value) ? 0 : Math.Round(value, Math.Clamp(3 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, 15));
}
