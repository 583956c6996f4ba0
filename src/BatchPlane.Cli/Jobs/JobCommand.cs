using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Jobs;

/// <summary><c>batchplane job JOB</c>: one job and its tasks, as the engine has them on record.</summary>
internal static class JobCommand
{
    internal static Command Create(ClientCommands client)
    {
        var id = JobArguments.Job();
        return client.Create("job", "Show a job and its tasks.", [id], async call =>
        {
            var answer = await call.Api.GetAsync<JobDetail>(JobRoutes.Job(call.GetSegment(id)), call.Cancellation);
            if (call.AsJson)
            {
                Json.Write(call.Context, answer.Json);
            }
            else
            {
                Write(call.Context, answer.Value);
            }

            return ExitCodes.Success;
        });
    }

    private static void Write(CliContext context, JobDetail job)
    {
        Facts(context,
            ("job", job.JobId),
            ("name", job.JobName),
            ("description", job.JobDescription),
            ("state", Show.Word(job.JobState)),
            ("cause", Show.Word(job.Cause)),
            ("reason", job.StateReason),
            ("progress", Show.Percent(job.Progress.Percent)),
            ("priority", Show.Number(job.Priority)),
            ("created", Show.Time(job.CreatedAt)),
            ("running", Show.Time(job.RunningAt)),
            ("finished", Show.Time(job.FinishedAt)),
            ("tracing", job.Tracing == TracingMode.Full ? null : Show.Word(job.Tracing)),
            ("end asked for", Show.Time(job.TerminateRequestedAt)),
            ("events to", string.Join(", ", job.Notifications.SelectMany(notification => notification.Topics))));
        context.Out.WriteLine();
        var table = new Table("TASK", "STATE", "PROGRESS", "INSTANCES", "SUCCEED", "FAILED", "RUNNING", "WAITING", "AFTER", "REASON");
        foreach (var task in job.Tasks)
        {
            var metrics = task.TaskInstanceMetrics;
            table.Add(
                task.TaskName,
                Show.Word(task.TaskState),
                Show.Percent(task.Progress.Percent),
                Show.Number(task.TaskInstanceNum),
                Show.Number(metrics.SucceedCount),
                Show.Number(metrics.FailedCount + metrics.FailedInterruptedCount),
                Show.Number(metrics.StartingCount + metrics.RunningCount),
                Show.Number(metrics.SubmittedCount + metrics.PendingCount + metrics.RunnableCount),
                string.Join(' ', job.Dependences.Where(edge => edge.EndTask == task.TaskName).Select(edge => edge.StartTask)),
                task.StateReason);
        }

        table.Write(context);
    }

    /// <summary>One line for each fact that has a value.</summary>
    internal static void Facts(CliContext context, params (string Name, string? Value)[] facts)
    {
        var present = facts.Where(fact => !string.IsNullOrEmpty(fact.Value)).ToArray();
        var width = present.Max(fact => fact.Name.Length);
        foreach (var (name, value) in present)
        {
            context.Out.WriteLine($"{(name + ":").PadRight(width + 1)} {value}");
        }
    }
}
