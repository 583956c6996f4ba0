using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Jobs;

/// <summary><c>batchplane terminate JOB</c>: asks for the job's end; <c>wait</c> tells when it is reached.</summary>
internal static class TerminateCommand
{
    internal static Command Create(ClientCommands client)
    {
        var job = JobArguments.Job();
        var reason = new Option<string?>("--reason") { HelpName = "TEXT", Description = "Kept with the job and shown; at most 500 characters." };
        return client.Create("terminate", "Ask for the end of a job. Its processes get SIGTERM, then SIGKILL.", [job, reason], async call =>
        {
            await call.Api.PostAsync(JobRoutes.Terminate(call.GetSegment(job)), new TerminateJobRequest(call.Get(reason)), call.Cancellation);
            var seen = await call.Api.GetAsync<JobDetail>(JobRoutes.Job(call.GetSegment(job)), call.Cancellation);
            if (call.AsJson)
            {
                Json.Write(call.Context, seen.Json);
            }
            else
            {
                var outcome = seen.Value.TerminateRequestedAt is null ? "had ended before" : "end asked for";
                call.Context.Out.WriteLine($"{seen.Value.JobId} {Show.Word(seen.Value.JobState)}: {outcome}");
            }

            return ExitCodes.Success;
        });
    }
}
