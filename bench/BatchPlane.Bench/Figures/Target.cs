using System.Globalization;

namespace BatchPlane.Bench.Figures;

/// <summary>What a figure is asked to reach.</summary>
/// <param name="Figure">Name of the figure.</param>
/// <param name="OfRatio">True: its ratio to the peer is meant, false: its value.</param>
/// <param name="IsUpper">True: it may not be greater, false: not smaller.</param>
/// <param name="Must">What it may not miss.</param>
/// <param name="Aim">What would be good.</param>
internal sealed record Target(string Figure, bool OfRatio, bool IsUpper, double Must, double Aim)
{
    internal static Target RatioAtLeast(string figure, double must, double aim) => new(figure, OfRatio: true, IsUpper: false, must, aim);

    internal static Target RatioAtMost(string figure, double must, double aim) => new(figure, OfRatio: true, IsUpper: true, must, aim);

    internal static Target ValueAtMost(string figure, double must, double aim) => new(figure, OfRatio: false, IsUpper: true, must, aim);

    internal static Target ValueAtLeast(string figure, double must, double aim) => new(figure, OfRatio: false, IsUpper: false, must, aim);

    /// <summary>What of the figure counts; null when it has no peer and its ratio counts.</summary>
    internal double? Measured(Figure figure) => OfRatio ? figure.Ratio : figure.Value;

    /// <summary>In one word: <c>aim</c>, <c>must</c>, <c>missed</c>, or <c>unknown</c> without a peer.</summary>
    internal string Verdict(Figure figure) => Measured(figure) switch
    {
        null => "unknown",
        { } measured when Holds(measured, Aim) => "aim",
        { } measured when Holds(measured, Must) => "must",
        _ => "missed",
    };

    /// <summary>A limit with its direction: <c>≥ 1.2×</c>.</summary>
    internal string Shown(double limit) =>
        string.Create(CultureInfo.InvariantCulture, $"{(IsUpper ? '≤' : '≥')} {limit:#,0.##}{(OfRatio ? "×" : "")}");

    private bool Holds(double measured, double limit) => IsUpper ? measured <= limit : measured >= limit;
}
