using BatchPlane.Cli.Connections;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Jobs;

/// <summary>Looks at a job until it ends.</summary>
internal static class JobWatch
{
    /// <summary>True when nothing about the job changes by itself any more.</summary>
    internal static bool IsFinal(RunState state) => state switch
    {
        RunState.Submitted or RunState.Pending or RunState.Runnable or RunState.Starting or RunState.Running => false,
        RunState.Succeed or RunState.Failed or RunState.FailedInterrupted => true,
    };

    /// <summary>What <c>wait</c> exits with for an ended job.</summary>
    internal static int ExitCode(JobView job) => job switch
    {
        { JobState: RunState.Succeed } => ExitCodes.Success,
        { Cause: Cause.Terminated } => ExitCodes.Terminated,
        _ => ExitCodes.Failed,
    };

    /// <summary>Asks until the job ended or <paramref name="timeout"/> is over, and hands every look to <paramref name="look"/>.</summary>
    /// <returns>The last look; its state tells whether the job ended.</returns>
    internal static async Task<Answer<JobDetail>> UntilFinalAsync(
        ApiClient api, CliContext context, string job, TimeSpan? timeout, Action<JobDetail> look, CancellationToken cancellation)
    {
        var begin = context.Time.GetTimestamp();
        var interval = new PollInterval(context.Time);
        var patience = new Patience(context);
        (RunMetrics, RunProgress)? before = null;
        while (true)
        {
            var answer = await patience.AskAsync(() => api.GetAsync<JobDetail>(JobRoutes.Job(job), cancellation), cancellation);
            look(answer.Value);
            if (IsFinal(answer.Value.JobState) || context.Time.GetElapsedTime(begin) >= timeout)
            {
                return answer;
            }

            var reached = (answer.Value.TaskInstanceMetrics, answer.Value.Progress);
            if (reached != before)
            {
                interval.Changed();
                before = reached;
            }

            await interval.WaitAsync(cancellation);
        }
    }
}
