using System.CommandLine;
using BatchPlane.Cli.Commands;

namespace BatchPlane.Cli.Jobs;

/// <summary><c>batchplane delete JOB</c>: deletes a job that has ended.</summary>
internal static class DeleteCommand
{
    internal static Command Create(ClientCommands client)
    {
        var job = JobArguments.Job();
        return client.Create("delete", "Delete a job that has ended, with its outputs. Its events can still be read.", [job], async call =>
        {
            await call.Api.DeleteAsync(JobRoutes.Job(call.GetSegment(job)), call.Cancellation);
            if (!call.AsJson)
            {
                call.Context.Out.WriteLine($"{call.Get(job)}: deleted");
            }

            return ExitCodes.Success;
        });
    }
}
