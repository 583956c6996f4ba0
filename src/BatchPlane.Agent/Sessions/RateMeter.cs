namespace BatchPlane.Agent.Sessions;

/// <summary>How often something happens now, from windows of a fifth of a second. Not safe for threads.</summary>
internal sealed class RateMeter(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(200);

    private long _windowStart = time.GetTimestamp();
    private int _count;
    private double _perSecond;

    internal void Count(int events = 1)
    {
        _count += events;
        Turn();
    }

    /// <summary>Events per second in the last full window; falls towards 0 when nothing happens.</summary>
    internal double PerSecond()
    {
        Turn();
        return _perSecond;
    }

    private void Turn()
    {
        var elapsed = time.GetElapsedTime(_windowStart);
        if (elapsed >= Window)
        {
            _perSecond = _count / elapsed.TotalSeconds;
            _count = 0;
            _windowStart = time.GetTimestamp();
        }
    }
}
