using System.CommandLine;
using System.Globalization;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Jobs;

/// <summary><c>batchplane explain JOB</c>: why it waits, task by task.</summary>
internal static class ExplainCommand
{
    internal static Command Create(ClientCommands client)
    {
        var id = JobArguments.Job();
        return client.Create("explain", "Say why a job waits, task by task.", [id], async call =>
        {
            var answer = await call.Api.GetAsync<JobExplanation>(JobRoutes.Explain(call.GetSegment(id)), call.Cancellation);
            if (call.AsJson)
            {
                Json.Write(call.Context, answer.Json);
            }
            else
            {
                Write(call.Context.Out, answer.Value);
            }

            return ExitCodes.Success;
        });
    }

    private static void Write(TextWriter output, JobExplanation job)
    {
        output.WriteLine($"{job.JobId} is {Show.Word(job.JobState)}{(job.Tasks.Count == 0 ? ": it has ended and waits for nothing." : "")}");
        foreach (var task in job.Tasks)
        {
            output.WriteLine();
            output.WriteLine($"{task.TaskName}: {Show.Word(task.TaskState)}, {Show.Number(task.WaitingInstances)} waiting, {Show.Number(task.HeldInstances)} on nodes");
            WriteReasons(output, task.Reasons);
            if (task.Position is { } position)
            {
                output.WriteLine($"  place in the queue: {Show.Number(position)} at the latest{Estimate(task.EstimatedSecondsToStart)}");
            }
        }
    }

    /// <summary>One line for each, its code behind the sentence.</summary>
    internal static void WriteReasons(TextWriter output, IReadOnlyList<WaitReason> reasons)
    {
        foreach (var reason in reasons)
        {
            output.WriteLine($"  - {reason.Message} [{reason.Code}]");
        }
    }

    private static string Estimate(double? seconds) => seconds switch
    {
        null => "; when it starts cannot be told",
        < 1 => "; starts within a second",
        { } later => string.Create(CultureInfo.InvariantCulture, $"; starts in about {TimeSpan.FromSeconds(Math.Ceiling(later)):c}"),
    };
}
