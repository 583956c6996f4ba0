namespace BatchPlane.Agent.Sessions;

/// <summary>How often something happened in the last five minutes, or since the beginning when that is less. Not safe for threads.</summary>
internal sealed class LongRateMeter(TimeProvider time)
{
    private const int Windows = 30;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly int[] _counts = new int[Windows];
    private readonly long _start = time.GetTimestamp();
    private long _current;

    internal void Count(int events = 1)
    {
        Turn();
        _counts[_current % Windows] += events;
    }

    /// <summary>Events per second.</summary>
    internal double PerSecond()
    {
        Turn();
        var full = Math.Min(_current, Windows - 1) * Window;
        var begun = time.GetElapsedTime(_start) - _current * Window;
        return _counts.Sum(count => (long)count) / Math.Max(1, (full + begun).TotalSeconds);
    }

    private void Turn()
    {
        var now = (long)(time.GetElapsedTime(_start) / Window);
        for (var window = Math.Max(_current + 1, now - Windows + 1); window <= now; window++)
        {
            _counts[window % Windows] = 0;
        }

        _current = now;
    }
}
