using System.Diagnostics;
using System.Runtime.CompilerServices;
using BatchPlane.Contracts;
using BatchPlane.Server.Nodes.Slurm;

namespace BatchPlane.Server.Tests.Nodes.Slurm;

/// <summary>Scripts of pilots, compared with files under version control; <c>BATCHPLANE_UPDATE_GOLDEN=1</c> writes them.</summary>
public sealed class PilotScriptTests
{
    private static readonly PilotGroup Group = new("0a1b2c3d", "env-00000001", "groupgrp", [new("node-0000000a", 0), new("node-0000000b", 4)]);

    [Fact]
    public void EverySetting_StandsInTheHead() => Equal("everything.sh", PilotScript.Render(Group, new(
        new SlurmDocument
        {
            Partition = "batch,long",
            Account = "science",
            Qos = "low",
            TimeLimitMinutes = 90,
            Cpus = 8,
            MemoryMib = 16_000,
            WorkDirectory = "/scratch",
            Options = ["--gres=gpu:1", "--exclusive"],
        },
        Slots: 4, "/opt/it's/batchplane", "http://control:8080", GiveUpSeconds: 900)));

    [Fact]
    public void WithoutSettings_SlurmDecides() =>
        Equal("defaults.sh", PilotScript.Render(Group with { Members = [new("node-0000000a", 0)] }, new(new SlurmDocument(), Slots: 1, "/usr/bin/batchplane", "http://control:8080", GiveUpSeconds: 900)));

    [Theory]
    [InlineData("everything.sh")]
    [InlineData("defaults.sh")]
    public void Script_IsOneForAnyShell(string name)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-n", PathOf(name)]))!;
        shell.WaitForExit();

        Assert.Equal(0, shell.ExitCode);
    }

    /// <summary>Without a word about memory an agent promises that of the whole machine, of which its pilot has a part.</summary>
    [Theory]
    [InlineData("SLURM_MEM_PER_NODE=16000 SLURM_MEM_PER_CPU=1", "--memory-mib 16000")]
    [InlineData("SLURM_MEM_PER_CPU=1500", "--memory-mib 6000")]
    [InlineData("NONE=1", null)]
    public async Task Memory_IsWhatSlurmGivesToThePilot(string variables, string? told)
    {
        var directory = Directory.CreateTempSubdirectory("batchplane-pilot-").FullName;
        var program = Path.Combine(directory, "agent");
        await File.WriteAllTextAsync(program, "#!/bin/sh\necho \"$*\"\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var script = Path.Combine(directory, "pilot.sh");
        await File.WriteAllTextAsync(script, PilotScript.Render(Group, new(new SlurmDocument { Cpus = 4 }, Slots: 4, program, "http://control:8080", GiveUpSeconds: 900)));

        using var shell = Process.Start(new ProcessStartInfo("env", ["-i", "PATH=/usr/bin:/bin", "SLURM_ARRAY_TASK_ID=1", .. variables.Split(' '), "/bin/sh", script]) { WorkingDirectory = directory, RedirectStandardOutput = true })!;
        var arguments = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Directory.Delete(directory, recursive: true);

        Assert.Equal(0, shell.ExitCode);
        Assert.Contains("--node-id node-0000000b", arguments, StringComparison.Ordinal);
        Assert.Equal(told is not null, arguments.Contains("--memory-mib", StringComparison.Ordinal));
        Assert.Contains(told ?? "", arguments, StringComparison.Ordinal);
    }

    private static void Equal(string name, string actual)
    {
        if (Environment.GetEnvironmentVariable("BATCHPLANE_UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
            File.WriteAllText(PathOf(name), actual);
        }

        Assert.Equal(File.ReadAllText(PathOf(name)), actual);
    }

    private static string PathOf(string name, [CallerFilePath] string caller = "") => Path.Combine(Path.GetDirectoryName(caller)!, "Golden", name);
}
