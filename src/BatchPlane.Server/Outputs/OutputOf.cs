using System.Globalization;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Outputs;

/// <summary>Names one output of one attempt.</summary>
/// <param name="JobId">The job; a well-formed id, since it becomes part of a path.</param>
/// <param name="TaskId">The task.</param>
/// <param name="Index">Instance index.</param>
/// <param name="Attempt">Attempt, from 1.</param>
/// <param name="Stream">Which output.</param>
internal sealed record OutputOf(string JobId, long TaskId, int Index, int Attempt, OutputStream Stream)
{
    /// <summary>So that no directory becomes too long: a million instances are a thousand directories.</summary>
    private const int IndexesPerDirectory = 1_000;

    /// <summary>The attempt it belongs to.</summary>
    internal AttemptRef AttemptRef => new(TaskId, Index, Attempt);

    /// <summary>Its place below that of all outputs: <c>&lt;job&gt;/&lt;task id&gt;/&lt;index / 1000&gt;/&lt;index&gt;.&lt;attempt&gt;.stdout</c>.</summary>
    internal string Path => string.Create(
        CultureInfo.InvariantCulture,
        $"{JobId}/{TaskId}/{Index / IndexesPerDirectory}/{Index}.{Attempt}.{(Stream == OutputStream.Stdout ? "stdout" : "stderr")}");
}
