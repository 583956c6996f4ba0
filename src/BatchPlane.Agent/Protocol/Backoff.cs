namespace BatchPlane.Agent.Protocol;

/// <summary>Growing pauses between tries, each spread by half up and down so that many agents do not come back at once.</summary>
/// <param name="max">Longest pause before it is spread.</param>
/// <param name="time">Clock of the pauses.</param>
internal sealed class Backoff(TimeSpan max, TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);

    private TimeSpan _next = First < max ? First : max;

    /// <summary>Waits, each time about twice as long as before.</summary>
    internal Task PauseAsync(CancellationToken cancellation)
    {
        var pause = _next * (0.5 + Random.Shared.NextDouble());
        _next = _next * 2 < max ? _next * 2 : max;
        return Task.Delay(pause, time, cancellation);
    }

    /// <summary>It worked: the next pause is a short one.</summary>
    internal void Reset() => _next = First < max ? First : max;
}
