using System.Diagnostics;
using System.Globalization;

namespace BatchPlane.Core;

/// <summary>The trace that a request belongs to.</summary>
internal static class RequestTrace
{
    /// <summary>
    /// W3C trace context that the request of this moment came with; null when it came with none. That of the caller, not that of the server's own handling, which nobody exports:
    /// what refers to it would have no parent.
    /// </summary>
    internal static string? Parent
    {
        get
        {
            var activity = Activity.Current;
            while (activity?.Parent is { } outer)
            {
                activity = outer;
            }

            return activity is { IdFormat: ActivityIdFormat.W3C } && activity.ParentSpanId != default
                ? string.Create(CultureInfo.InvariantCulture, $"00-{activity.TraceId}-{activity.ParentSpanId}-{(int)activity.ActivityTraceFlags:x2}")
                : null;
        }
    }
}
