using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Executors.Containers;
using BatchPlane.Agent.Limits;

namespace BatchPlane.Agent.Tests.Containers;

/// <summary>Where engines put their containers, in directories that look like the kernel's: this machine has one version of control groups and one engine.</summary>
public sealed class ContainerGroupsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("batchplane-boxes-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("0::/system.slice/docker-ID.scope", "system.slice/docker-ID.scope")]
    [InlineData("0::/machine.slice/libpod-ID.scope/container", "machine.slice/libpod-ID.scope")]
    [InlineData("0::/docker/ID/init.scope", "docker/ID")]
    [InlineData("0::/machine.slice/libpod-conmon-ID.scope", null)]
    [InlineData("0::/user.slice/session-1.scope", null)]
    public void Version2_IsReadWhereTheContainerItselfIs(string cgroup, string? expected)
    {
        var id = new string('a', 64);
        Write("proc/100/cgroup", cgroup.Replace("ID", id, StringComparison.Ordinal));
        var groups = new ContainerGroups(new(Unified: At("v2"), null, null, null), KernelGroupFiles.Instance, Path.Combine(_directory, "proc"));
        if (expected is not null)
        {
            Container($"v2/{expected.Replace("ID", id, StringComparison.Ordinal)}");
        }

        var found = groups.Find(id, looksAtAll: true);

        Assert.Equal(expected is null ? null : new ContainerReading(new(TimeSpan.FromMilliseconds(1_500), 4_096), 2), found?.Read(KernelGroupFiles.Instance));
        Assert.Null(groups.Find(id.Replace('a', 'b'), looksAtAll: true));
    }

    [Fact]
    public void NextContainer_IsFoundWhereTheLastOneWas()
    {
        var (first, second) = (new string('a', 64), new string('b', 64));
        Write("proc/100/cgroup", $"0::/docker/{first}");
        Container($"v2/docker/{first}");
        Container($"v2/docker/{second}");
        var groups = new ContainerGroups(new(Unified: At("v2"), null, null, null), KernelGroupFiles.Instance, Path.Combine(_directory, "proc"));

        Assert.Null(groups.Find(second, looksAtAll: true));
        Assert.NotNull(groups.Find(first, looksAtAll: true));
        Assert.Equal(100, groups.Find(second, looksAtAll: false)?.AnyProcess(KernelGroupFiles.Instance));
    }

    [Fact]
    public void Version1_IsReadFromBothHierarchies()
    {
        var id = new string('c', 64);
        Write("proc/100/cgroup", $"4:memory:/docker/{id}\n3:cpu,cpuacct:/docker/{id}\n0::/");
        Write($"memory/docker/{id}/memory.max_usage_in_bytes", "8192\n");
        Write($"memory/docker/{id}/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
        Write($"cpu/docker/{id}/cpuacct.usage", "250000000\n");
        var groups = new ContainerGroups(new(Unified: At("v2"), At("memory"), At("cpu"), At("cpu")), KernelGroupFiles.Instance, Path.Combine(_directory, "proc"));

        Assert.Equal(new ContainerReading(new(TimeSpan.FromMilliseconds(250), 8_192), 1), groups.Find(id, looksAtAll: true)?.Read(KernelGroupFiles.Instance));
    }

    /// <summary>Older kernels of version 2 tell what is held at the moment alone.</summary>
    [Fact]
    public void Peak_IsTheGreatestThatWasSeen()
    {
        var metered = new MeteredContainer();

        metered.Note(new(new AttemptUsage(TimeSpan.FromSeconds(1), 300), 0));
        metered.Note(new(new AttemptUsage(TimeSpan.FromSeconds(2), 200), 1));

        Assert.Equal(new ContainerReading(new(TimeSpan.FromSeconds(2), 300), 1), metered.End());
        Assert.True(metered.IsOver);
    }

    private Hierarchy At(string name) => new(Path.Combine(_directory, name), Path.Combine(_directory, name), "");

    private void Container(string group)
    {
        Write($"{group}/cgroup.procs", "100\n");
        Write($"{group}/cpu.stat", "usage_usec 1500000\nuser_usec 1000000\n");
        Write($"{group}/memory.peak", "4096\n");
        Write($"{group}/memory.events", "oom 2\noom_kill 2\n");
    }

    private void Write(string path, string text)
    {
        var file = Path.Combine(_directory, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
