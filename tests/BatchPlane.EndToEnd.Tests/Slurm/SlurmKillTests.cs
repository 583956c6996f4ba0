using System.Globalization;
using BatchPlane.Cli.Dev;
using Xunit.Abstractions;

namespace BatchPlane.EndToEnd.Tests.Slurm;

/// <summary>
/// Jobs on pilots while agents, slurmd and slurmctld are killed at random. Afterwards every instance has ended, no pilot is left, and no job of anybody else was cancelled. A few
/// kills here; fifty with <c>./dev soak slurm</c>, which sets <c>BATCHPLANE_SOAK_KILLS</c> and, to repeat a run, <c>BATCHPLANE_SOAK_SEED</c>.
/// </summary>
public sealed class SlurmKillTests(SlurmStack stack, ITestOutputHelper output) : IClassFixture<SlurmStack>
{
    private const int DefaultKills = 4;
    private const int Instances = 6;
    private const string Foreign = "somebody-elses";
    private const string Control = "cancelled-on-purpose";

    private static readonly string[] Kinds = ["agent", "slurmctld", "slurmd"];

    private readonly List<string> _jobs = [];

    [Fact]
    public async Task AnythingOfSlurmKilled_NothingIsLostLeakedOrCancelled()
    {
        var kills = Number("BATCHPLANE_SOAK_KILLS") ?? DefaultKills;
        var seed = Number("BATCHPLANE_SOAK_SEED") ?? Random.Shared.Next();
        output.WriteLine($"{kills} kills, seed {seed}");
        var random = new Random(seed);
        await ControlAsync();
        var envId = await stack.CreateEnvironmentAsync("killed", nodes: 3);

        for (var kill = 0; kill < kills; kill++)
        {
            _jobs.Add(await stack.SubmitAsync(envId, Instances, "sleep 0.3"));
            await ForeignAsync();
            await Task.Delay(random.Next(1_500));
            // All kinds before one comes again.
            await KillAsync(Kinds[kill % Kinds.Length], random);
            Assert.Equal(0, await CancelledAsync());
        }

        await stack.Slurm.StartControllerAsync(CancellationToken.None);
        await stack.Slurm.StartDaemonAsync(CancellationToken.None);
        foreach (var job in _jobs)
        {
            Assert.Equal("SUCCEED", await stack.EndedAsync(job));
            var task = Assert.Single((await stack.SendAsync(HttpMethod.Get, $"/v1/jobs/{job}/tasks/t/instances?limit=100")).GetProperty("items").EnumerateArray().GroupBy(instance => instance.GetProperty("task_instance_state").GetString()));
            Assert.Equal(("SUCCEED", Instances), (task.Key, task.Count()));
        }

        await stack.DeleteEnvironmentAsync(envId);
        await stack.NoPilotOfAsync(envId);
        Assert.Equal(0, await CancelledAsync());
    }

    /// <summary>The controls: a job of somebody else that is cancelled is seen, and a pilot that is left as well.</summary>
    private async Task ControlAsync()
    {
        var id = await ForeignAsync(Control);
        Assert.Equal(0, await CancelledAsync(Control));
        await stack.Slurm.RunAsync("scancel", [id], CancellationToken.None);
        await stack.EventuallyAsync(async () => await CancelledAsync(Control) == 1, "a cancelled job is not seen");

        var leak = (await stack.Slurm.RunAsync("sbatch", ["--parsable", "--hold", "--output=/dev/null", "--job-name=batchplane:other:env-control0:leaks", "--wrap=true"], CancellationToken.None)).Trim();
        Assert.Contains(await stack.QueueAsync(), line => line.Contains("env-control0", StringComparison.Ordinal));
        await stack.Slurm.RunAsync("scancel", [leak], CancellationToken.None);
    }

    private async Task KillAsync(string kind, Random random)
    {
        output.WriteLine(kind);
        switch (kind)
        {
            case "agent" when Agents() is { Length: > 0 } agents:
                Posix.Signal(agents[random.Next(agents.Length)], Posix.SigKill);
                break;
            case "slurmctld":
                await stack.Slurm.KillControllerAsync();
                await Task.Delay(random.Next(1_000));
                await stack.Slurm.StartControllerAsync(CancellationToken.None);
                break;
            case "slurmd":
                await stack.Slurm.KillDaemonAsync();
                await Task.Delay(random.Next(1_000));
                await stack.Slurm.StartDaemonAsync(CancellationToken.None);
                break;
        }
    }

    /// <summary>Submits a job of somebody else, which waits for ever; its id, which may be one that Slurm gave to a pilot before it forgot it.</summary>
    private async Task<string> ForeignAsync(string name = Foreign) =>
        (await stack.Slurm.RunAsync("sbatch", ["--parsable", "--hold", "--output=/dev/null", $"--job-name={name}", "--wrap=true"], CancellationToken.None)).Trim();

    private async Task<int> CancelledAsync(string name = Foreign) =>
        (await stack.Slurm.RunAsync("squeue", ["--noheader", "--states=CANCELLED", $"--name={name}", "--format=%i"], CancellationToken.None)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;

    private int[] Agents() =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => name!.All(char.IsAsciiDigit)).Select(int.Parse!)
            .Where(pid => CommandLine(pid) is var line && line.Contains(" agent ", StringComparison.Ordinal) && line.Contains(stack.WorkDirectory, StringComparison.Ordinal)),
    ];

    private static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
