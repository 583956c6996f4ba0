using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BatchPlane.Agent.Sessions;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent.Limits;

/// <summary>
/// Finds out how this machine lets this agent hold processes to their limits, by trying it, and ends what an earlier agent of the directory left in its groups.
/// </summary>
/// <remarks>
/// The groups of an agent are below <c>batchplane-ID</c>, its directory's. That is below the group that the agent is in: what the agent may not use together, its attempts may
/// not either. In the unified hierarchy a group that passes controllers on holds no process itself; so an agent that is alone in its group moves into one below it first.
/// </remarks>
internal sealed partial class LimitFinder(LimitOptions options, string directory, IGroupFiles files, TimeProvider time, ILogger log)
{
    private const string Leaf = "batchplane-agent";
    private const string Controllers = "cgroup.controllers";
    private const string PassedOn = "cgroup.subtree_control";
    private const string Processes = "cgroup.procs";

    private readonly string _ledger = Path.Combine(directory, "control.groups");
    private readonly string _name = $"batchplane-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(directory)))[..12]}";

    /// <summary>The way that works and was asked for.</summary>
    /// <exception cref="IOException">Control groups were asked for, and none can be made.</exception>
    internal LimitWay Find(string procSelf = "/proc/self")
    {
        var problems = new List<string>();
        var way = options.Choice switch
        {
            LimitChoice.None => LimitWay.None,
            LimitChoice.Prlimit => new(LimitMethod.Prlimit, []),
            LimitChoice.Auto => FindGroups(procSelf, problems) ?? new(LimitMethod.Prlimit, []),
            LimitChoice.Cgroup => FindGroups(procSelf, problems)
                ?? throw new IOException($"--limits cgroup: this agent may not make control groups with limits: {string.Join("; ", problems)}"),
        };
        Log.Found(log, way.Name, string.Join(", ", way.Parents), string.Join("; ", problems));
        return way;
    }

    /// <summary>Ends what is left in groups of this directory's earlier agents, and remembers those of this one for the next.</summary>
    /// <param name="way">This agent's.</param>
    /// <param name="adopted">Attempts that go on.</param>
    internal void Sweep(LimitWay way, IEnumerable<AttemptKey> adopted)
    {
        var earlier = (File.Exists(_ledger) ? File.ReadAllLines(_ledger) : []).Where(parent => Path.GetFileName(parent) == _name).ToList();
        var keys = adopted.ToList();
        var kept = earlier.Concat(way.Parents).SelectMany(parent => keys.SelectMany(new LimitWay(way.Method, [parent]).GroupsOf)).ToHashSet(StringComparer.Ordinal);
        var killed = 0;
        foreach (var parent in earlier)
        {
            killed = Math.Max(killed, ControlGroup.Sweep(parent, kept, files, time));
            _ = way.Parents.Contains(parent) || files.TryRemove(parent);
        }

        if (killed > 0)
        {
            Log.Swept(log, killed);
        }

        // Those of adopted attempts stay known whatever this agent uses itself.
        File.WriteAllLines(_ledger, keys.Count > 0 ? earlier.Union(way.Parents) : way.Parents);
    }

    /// <summary>Nothing runs any more: removes the groups that held those of the attempts.</summary>
    internal void Leave(LimitWay way)
    {
        foreach (var parent in way.Parents)
        {
            _ = files.TryRemove(parent);
        }
    }

    private LimitWay? FindGroups(string procSelf, List<string> problems)
    {
        var hierarchies = Hierarchies.Read(procSelf);
        var unified = hierarchies.Unified is { } hierarchy ? Try(LimitMethod.Cgroup2, [hierarchy], problems) : null;
        if (unified is not null)
        {
            return unified;
        }

        if (hierarchies is { Memory: { } memory, Cpu: { } cpu })
        {
            return Try(LimitMethod.Cgroup1, [memory, cpu], problems);
        }

        problems.Add("no hierarchies of version 1 for memory and cpu");
        return null;
    }

    private LimitWay? Try(LimitMethod method, IReadOnlyList<Hierarchy> hierarchies, List<string> problems)
    {
        var above = hierarchies.Select(hierarchy => options.ControlGroup is { } path ? hierarchy.Top + path.TrimEnd('/') : hierarchy.Own).ToList();
        var way = new LimitWay(method, [.. above.Select(group => $"{group}/{_name}")]);
        var probe = new LimitOrder(method, CpuMillis: 1000, MemoryMib: 64, way.GroupsOf(default));
        try
        {
            if (method == LimitMethod.Cgroup2)
            {
                files.Make(above[0]);
                PassOn(above[0], isOwn: options.ControlGroup is null);
                files.Make(way.Parents[0]);
                PassOn(way.Parents[0], isOwn: false);
            }

            var group = ControlGroup.Make(probe, files, time)!;
            var entered = files.CanEnter(probe);
            group.End(time);
            if (entered)
            {
                return way;
            }

            problems.Add($"{way.Name}: a process may not enter {probe.Groups[0]}");
        }
        catch (IOException e)
        {
            problems.Add($"{way.Name}: {e.Message}");
        }

        Leave(way);
        return null;
    }

    private void PassOn(string group, bool isOwn)
    {
        var there = Words(files.Read(group, Controllers));
        if (!there.Contains("memory") || !there.Contains("cpu"))
        {
            throw new IOException($"{group} has not both of memory and cpu among its controllers");
        }

        var passed = Words(files.Read(group, PassedOn));
        if (passed.Contains("memory") && passed.Contains("cpu"))
        {
            return;
        }

        if (isOwn && Words(files.Read(group, Processes)) is [var alone] && alone == Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
        {
            files.Make($"{group}/{Leaf}");
            files.Write($"{group}/{Leaf}", Processes, alone);
        }

        files.Write(group, PassedOn, "+memory +cpu");
    }

    private static string[] Words(string? text) => (text ?? "").Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);

    private static partial class Log
    {
        [LoggerMessage(6090, LogLevel.Information, "Holds processes to their resources by {Limits} {Groups} {Problems}")]
        internal static partial void Found(ILogger logger, string limits, string groups, string problems);

        [LoggerMessage(6091, LogLevel.Warning, "Killed {Count} processes in control groups that an earlier agent of this directory left")]
        internal static partial void Swept(ILogger logger, int count);
    }
}
