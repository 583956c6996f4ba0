using System.Runtime.CompilerServices;

namespace BatchPlane.Simulation.Tests.Proofs;

/// <summary>The words of a violation, put together only when there is one.</summary>
[InterpolatedStringHandler]
internal ref struct Detail
{
    private DefaultInterpolatedStringHandler _words;

    public Detail(int literalLength, int formattedCount, bool holds, out bool isWanted)
    {
        isWanted = !holds;
        _words = holds ? default : new(literalLength, formattedCount);
    }

    public void AppendLiteral(string text) => _words.AppendLiteral(text);

    public void AppendFormatted<T>(T value) => _words.AppendFormatted(value);

    public override string ToString() => _words.ToStringAndClear();
}
