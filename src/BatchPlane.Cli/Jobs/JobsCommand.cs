using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Jobs;

/// <summary><c>batchplane jobs</c>: the newest jobs.</summary>
internal static class JobsCommand
{
    private const int DefaultLimit = 20;

    internal static Command Create(ClientCommands client)
    {
        var state = JobArguments.State();
        var limit = JobArguments.Limit(DefaultLimit);
        return client.Create("jobs", "List jobs, newest first.", [state, limit], async call =>
        {
            var path = call.Get(state) is { } wanted ? $"{JobRoutes.Jobs}?state={Show.Word(wanted)}" : JobRoutes.Jobs;
            var jobs = await call.Api.ListAsync<JobView>(path, call.Get(limit), call.Cancellation);
            if (call.AsJson)
            {
                Json.WriteAll(call.Context, jobs);
                return ExitCodes.Success;
            }

            var table = new Table("JOB", "NAME", "STATE", "INSTANCES", "PROGRESS", "PRIORITY", "CREATED (UTC)", "TOOK", "REASON");
            foreach (var job in jobs.Select(answer => answer.Value))
            {
                table.Add(
                    job.JobId, job.JobName, Show.Word(job.JobState), Show.Progress(job.TaskInstanceMetrics), Show.Percent(job.Progress.Percent), Show.Number(job.Priority),
                    Show.Time(job.CreatedAt), Show.Span(job.CreatedAt, job.FinishedAt), job.StateReason);
            }

            table.Write(call.Context);
            return ExitCodes.Success;
        });
    }
}
