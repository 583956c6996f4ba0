using System.CommandLine;
using System.Globalization;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Jobs;

/// <summary><c>batchplane wait JOB</c>: shows progress until the job ended; the exit code tells how.</summary>
internal static class WaitCommand
{
    internal static Command Create(ClientCommands client)
    {
        var job = JobArguments.Job();
        var timeout = JobArguments.Timeout();
        return client.Create(
            "wait",
            "Wait for a job to end. Exit code 0: it succeeded, 1: failed, 3: was terminated, 4: gave up waiting.",
            [job, timeout],
            call => WaitAsync(call, call.GetSegment(job), call.Get(timeout)));
    }

    /// <summary>The same for a verb that has just submitted the job.</summary>
    internal static async Task<int> WaitAsync(ClientCall call, string job, double? timeoutSeconds)
    {
        TimeSpan? timeout = timeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        var last = await JobProgress.ShowAsync(
            call.Context, look => JobWatch.UntilFinalAsync(call.Api, call.Context, job, timeout, look, call.Cancellation));
        var ended = JobWatch.IsFinal(last.Value.JobState);
        if (call.AsJson)
        {
            Json.Write(call.Context, last.Json);
        }
        else if (ended)
        {
            call.Context.Out.WriteLine(Summary(last.Value));
        }

        if (!ended)
        {
            call.Context.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{last.Value.JobId} is still {Show.Word(last.Value.JobState)} after {timeoutSeconds} s; it goes on"));
        }

        return ended ? JobWatch.ExitCode(last.Value) : ExitCodes.GaveUpWaiting;
    }

    /// <summary><c>job-4yn0we13 FAILED (task_failed) after 2.4 s: task t1 …</c>.</summary>
    private static string Summary(JobDetail job)
    {
        var cause = job.Cause is { } present and not Cause.Succeeded ? $" ({Show.Word(present)})" : "";
        var took = Show.Span(job.CreatedAt, job.FinishedAt) is { } span ? $" after {span}" : "";
        var reason = string.IsNullOrEmpty(job.StateReason) ? "" : $": {job.StateReason}";
        return $"{job.JobId} {Show.Word(job.JobState)}{cause}{took}{reason}";
    }
}
