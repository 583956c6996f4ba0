namespace BatchPlane.Contracts;

/// <summary>
/// How much of a job listeners are told, OpenTelemetry's among them. The journal, topics, lists of events and executions, and statistics have everything, whatever it says.
/// On the wire: <c>lower_snake</c>.
/// </summary>
public enum TracingMode
{
    /// <summary>Everything. The default.</summary>
    Full,

    /// <summary>
    /// Everything about the job and its tasks, and of the instances one in <c>Listeners.SampleEvery</c>, the same ones each time. Failures of the others too, with begin and end, and what follows them:
    /// every attempt after the first.
    /// </summary>
    Sampled,

    /// <summary>Nothing.</summary>
    Off,
}
