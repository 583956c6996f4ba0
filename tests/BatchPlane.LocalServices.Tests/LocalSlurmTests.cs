using BatchPlane.LocalServices.Processes;

namespace BatchPlane.LocalServices.Tests;

public sealed class LocalSlurmTests : IDisposable
{
    private const int Processors = 8;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task KilledAndRestarted_KeepsItsJobsAndLeavesNoProcess()
    {
        List<ProcessIdentity> processes;
        await using (var slurm = await LocalSlurm.StartAsync(_directory.Path, Processors, CancellationToken.None))
        {
            await slurm.RunAsync("sbatch", ["--output=/dev/null", "--job-name=runs", "--wrap=sleep 600"], CancellationToken.None);
            await slurm.RunAsync("sbatch", ["--output=/dev/null", "--job-name=waits", "--hold", "--wrap=sleep 600"], CancellationToken.None);
            await StatesAsync(slurm, "runs RUNNING\nwaits PENDING");
            // The controller notes its jobs on disk up to some seconds late; one killed before that has lost them.
            await NotedAsync("runs", "waits");
            processes = ProcessTable.WithVariable($"SLURM_CONF={slurm.ConfigurationFile}");

            await slurm.KillControllerAsync();
            await slurm.KillDaemonAsync();
            await slurm.StartControllerAsync(CancellationToken.None);
            await slurm.StartDaemonAsync(CancellationToken.None);

            await StatesAsync(slurm, "runs RUNNING\nwaits PENDING");
            processes.AddRange(ProcessTable.WithVariable($"SLURM_CONF={slurm.ConfigurationFile}"));
        }

        Assert.Contains(processes, process => process.ProcessId != 0);
        Assert.DoesNotContain(processes, process => process.IsRunning);
    }

    private async Task NotedAsync(params string[] names)
    {
        var file = Path.Combine(_directory.Path, "state", "job_state");
        Assert.True(
            await Polling.UntilAsync(
                () => File.Exists(file) && File.ReadAllText(file) is var text && names.All(name => text.Contains(name, StringComparison.Ordinal)), Limit, CancellationToken.None),
            $"{file} has no {string.Join(", ", names)}.");
    }

    private static async Task StatesAsync(LocalSlurm slurm, string expected)
    {
        var seen = "";
        await Polling.UntilAsync(
            async token => (seen = (await slurm.RunAsync("squeue", ["--noheader", "--sort=i", "--format=%j %T"], token)).TrimEnd()) == expected, Limit, CancellationToken.None);
        Assert.Equal(expected, seen);
    }
}
