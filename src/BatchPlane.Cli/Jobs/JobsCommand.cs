using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Events;
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
        var tags = Query.Tags();
        var prefix = Query.NamePrefix();
        var environment = new Option<string?>("--env") { HelpName = "ENV", Description = "Only those with a task in this environment (its env-… id)." };
        var minPriority = new Option<int?>("--min-priority") { HelpName = "N", Description = "Only those of at least this priority." };
        var maxPriority = new Option<int?>("--max-priority") { HelpName = "N", Description = "Only those of at most this priority." };
        var from = new Option<string?>("--created-from") { HelpName = "TIME", Description = "Only those submitted at TIME or later, such as 2025-10-09T08:53:20Z." };
        var before = new Option<string?>("--created-before") { HelpName = "TIME", Description = "Only those submitted before TIME." };
        var limit = JobArguments.Limit(DefaultLimit);
        return client.Create("jobs", "List jobs, newest first.", [state, tags, prefix, environment, minPriority, maxPriority, from, before, limit], async call =>
        {
            var path = new Query(JobRoutes.Jobs)
                .With("state", Show.Word(call.Get(state)))
                .WithAll("tag", call.Get(tags))
                .With("name_prefix", call.Get(prefix))
                .With("env_id", call.Get(environment))
                .With("min_priority", call.Get(minPriority))
                .With("max_priority", call.Get(maxPriority))
                .With("created_from", call.Get(from))
                .With("created_before", call.Get(before))
                .ToString();
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
            await DeliveryFooter.WriteAsync(call);
            return ExitCodes.Success;
        });
    }
}
