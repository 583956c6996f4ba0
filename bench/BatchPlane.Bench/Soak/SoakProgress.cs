using System.Diagnostics;
using System.Globalization;
using BatchPlane.Contracts;

namespace BatchPlane.Bench.Soak;

/// <summary>How far a job is, on standard error: one line that changes on a terminal, else a line every few seconds.</summary>
internal sealed class SoakProgress(int instances)
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Elsewhere = TimeSpan.FromSeconds(10);

    private readonly bool _isTerminal = !Console.IsErrorRedirected;
    private readonly long _begin = Stopwatch.GetTimestamp();
    private TimeSpan _shown = TimeSpan.MinValue;

    internal void Show(RunMetrics now, bool isLast)
    {
        var elapsed = Stopwatch.GetElapsedTime(_begin);
        if (!isLast && _shown != TimeSpan.MinValue && elapsed - _shown < (_isTerminal ? OnTerminal : Elsewhere))
        {
            return;
        }

        _shown = elapsed;
        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"  {now.SucceedCount:#,0} of {instances:#,0} succeeded, {now.StartingCount + now.RunningCount:#,0} at work, {elapsed.TotalSeconds:0} s, {now.SucceedCount / Math.Max(0.001, elapsed.TotalSeconds):#,0} a second");
        Console.Error.Write(_isTerminal ? $"\r\u001b[K{line}{(isLast ? "\n" : "")}" : line + "\n");
    }
}
