using BatchPlane.Agent.Keeping;

namespace BatchPlane.Agent.Limits;

/// <summary>How an attempt is held to its limits. The numbers are part of the keeper's protocol.</summary>
internal enum LimitMethod
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary>A limit that each of its processes has.</summary>
    Prlimit = 1,

    /// <summary>A group in each of two hierarchies, memory and cpu.</summary>
    Cgroup1 = 2,

    /// <summary>A group of the unified hierarchy.</summary>
    Cgroup2 = 3,
}

/// <summary>What the keeper does before an attempt starts and after its end, to hold it to its limits.</summary>
/// <param name="Method">How; the keeper has to do with groups alone.</param>
/// <param name="CpuMillis">Thousandths of a processor; 0: no limit.</param>
/// <param name="MemoryMib">MiB; 0: no limit.</param>
/// <param name="Groups">Directories of the groups: with <see cref="LimitMethod.Cgroup1"/> memory, cpu; with <see cref="LimitMethod.Cgroup2"/> one; else none.</param>
internal sealed record LimitOrder(LimitMethod Method, int CpuMillis, int MemoryMib, IReadOnlyList<string> Groups)
{
    internal static LimitOrder None { get; } = new(LimitMethod.None, 0, 0, []);

    internal void AddTo(FrameWriter frame)
    {
        frame.Add((int)Method).Add(CpuMillis).Add(MemoryMib).Add(Groups.Count);
        foreach (var group in Groups)
        {
            frame.Add(group);
        }
    }

    internal static LimitOrder Read(FrameReader frame)
    {
        var (method, cpu, memory) = ((LimitMethod)frame.Int(), frame.Int(), frame.Int());
        var groups = new string[frame.Int()];
        for (var n = 0; n < groups.Length; n++)
        {
            groups[n] = frame.Text();
        }

        return method == LimitMethod.None ? None : new(method, cpu, memory, groups);
    }
}
