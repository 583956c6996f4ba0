using System.Globalization;
using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Limits;

/// <summary>How this agent holds processes to the <c>resources</c> of their task, as it was found when the agent started.</summary>
/// <param name="Method">How.</param>
/// <param name="Parents">Directories in which each attempt gets a group: with <see cref="LimitMethod.Cgroup1"/> memory, cpu; with <see cref="LimitMethod.Cgroup2"/> one; else none.</param>
internal sealed record LimitWay(LimitMethod Method, IReadOnlyList<string> Parents)
{
    private const int KibPerMib = 1024;
    private const string Shell = "/bin/sh";

    internal static LimitWay None { get; } = new(LimitMethod.None, []);

    /// <summary>As the node shows it: <c>cgroup2</c>, <c>cgroup1</c>, <c>prlimit</c>, <c>none</c>.</summary>
    internal string Name => Method.ToString().ToLowerInvariant();

    /// <summary>What holds an attempt of a task: nothing, if that asks for neither processors nor memory.</summary>
    internal LimitOrder For(AttemptKey attempt, ResourcesDocument? resources)
    {
        var amounts = ResourceAmounts.Of(resources);
        return Method == LimitMethod.None || (amounts.MemoryMib == 0 && (amounts.CpuMillis == 0 || Method == LimitMethod.Prlimit))
            ? LimitOrder.None
            : new(Method, amounts.CpuMillis, amounts.MemoryMib, GroupsOf(attempt));
    }

    /// <summary>Directories of the groups of an attempt, there or not.</summary>
    internal IReadOnlyList<string> GroupsOf(AttemptKey attempt) =>
        [.. Parents.Select(parent => string.Create(CultureInfo.InvariantCulture, $"{parent}/{attempt.TaskId}.{attempt.Index}.{attempt.Number}"))];

    /// <summary>
    /// The arguments of a command that puts itself under its limits first; they are unchanged when there is none. It is a shell that becomes the command: the groups hold it, and its limits are its
    /// own, before a single instruction of the command runs.
    /// </summary>
    /// <param name="order">The limits.</param>
    /// <param name="argv">Arguments, the first being the path of the program.</param>
    internal static IReadOnlyList<string> Wrap(LimitOrder order, IReadOnlyList<string> argv)
    {
        // The data segment, which counts what is really written to: many programs reserve far more addresses than they use.
        var steps = order.Method == LimitMethod.Prlimit && order.MemoryMib > 0
            ? [string.Create(CultureInfo.InvariantCulture, $"ulimit -d {(long)order.MemoryMib * KibPerMib}")]
            : order.Groups.Select(group => $"echo 0 > {Quote(group + "/cgroup.procs")}").ToList();
        return steps.Count == 0 ? argv : [Shell, "-c", $"{string.Join(" && ", steps)} && exec \"$@\"", "sh", .. argv];
    }

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
