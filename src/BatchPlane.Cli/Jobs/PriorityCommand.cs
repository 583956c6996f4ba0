using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Jobs;

/// <summary><c>batchplane priority JOB N</c>: changes the priority of a job that waits or runs.</summary>
internal static class PriorityCommand
{
    internal static Command Create(ClientCommands client)
    {
        var job = JobArguments.Job();
        var priority = new Argument<int>("PRIORITY") { Description = "0 to 100, larger first." };
        return client.Create("priority", "Change the priority of a job that has not ended.", [job, priority], async call =>
        {
            var answer = await call.Api.PatchAsync<JobDetail>(JobRoutes.Job(call.GetSegment(job)), new ChangeJobRequest(call.Get(priority)), call.Cancellation);
            if (call.AsJson)
            {
                Json.Write(call.Context, answer.Json);
            }
            else
            {
                call.Context.Out.WriteLine($"{answer.Value.JobId} {Show.Word(answer.Value.JobState)}: priority {Show.Number(answer.Value.Priority)}");
            }

            return ExitCodes.Success;
        });
    }
}
