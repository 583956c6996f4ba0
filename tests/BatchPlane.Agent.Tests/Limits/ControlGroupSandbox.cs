using BatchPlane.Agent.Limits;

namespace BatchPlane.Agent.Tests.Limits;

/// <summary>Control groups of a test, at the top of the hierarchies of this machine; gone when disposed.</summary>
internal sealed class ControlGroupSandbox : IDisposable
{
    private readonly IReadOnlyList<string> _directories;

    internal ControlGroupSandbox()
    {
        Path = $"/batchplane-test-{Guid.NewGuid():N}";
        var found = Hierarchies.Read("/proc/self");
        _directories = [.. new[] { found.Memory, found.Cpu, found.Unified }.OfType<Hierarchy>().Select(hierarchy => hierarchy.Top + Path)];
        CpuDirectory = (found.Cpu ?? found.Unified)?.Top + Path;
    }

    /// <summary>As an option of an agent.</summary>
    internal string Path { get; }

    /// <summary>Where the controller cpu has it.</summary>
    internal string CpuDirectory { get; }

    /// <summary>One in each hierarchy.</summary>
    internal IReadOnlyList<string> Directories => _directories;

    internal IReadOnlyList<string> OfAgents() =>
        [.. _directories.Where(Directory.Exists).SelectMany(directory => Directory.GetDirectories(directory, "batchplane-*"))];

    internal IReadOnlyList<string> OfAttempts() => [.. OfAgents().SelectMany(Directory.GetDirectories)];

    public void Dispose()
    {
        foreach (var directory in _directories)
        {
            ControlGroup.Sweep(directory, new HashSet<string>(), KernelGroupFiles.Instance, TimeProvider.System);
            KernelGroupFiles.Instance.TryRemove(directory);
        }
    }
}
