using System.CommandLine;
using System.Globalization;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Jobs;

/// <summary><c>batchplane instances JOB TASK</c>: the instances of a task, with exit codes and nodes.</summary>
internal static class InstancesCommand
{
    private const int DefaultLimit = 100;

    internal static Command Create(ClientCommands client)
    {
        var job = JobArguments.Job();
        var task = JobArguments.Task();
        var limit = JobArguments.Limit(DefaultLimit);
        return client.Create("instances", "List the instances of a task, by index.", [job, task, limit], async call =>
        {
            var path = JobRoutes.Instances(call.GetSegment(job), call.GetSegment(task));
            var instances = await call.Api.ListAsync<TaskInstanceView>(path, call.Get(limit), call.Cancellation);
            if (call.AsJson)
            {
                Json.WriteAll(call.Context, instances);
                return ExitCodes.Success;
            }

            var table = new Table("INDEX", "STATE", "ATTEMPT", "EXIT", "CAUSE", "NODE", "BEGAN (UTC)", "TOOK", "CPU", "MEMORY", "PROGRESS", "REASON", "KEPT IN");
            foreach (var instance in instances.Select(answer => answer.Value))
            {
                table.Add(
                    Show.Number(instance.TaskInstanceIndex), Show.Word(instance.TaskInstanceState), Show.Number(instance.Attempt),
                    Show.NumberOrNull(instance.ExitCode), Show.Word(instance.Cause), instance.ComputeNodeId, Show.Time(instance.RunningAt),
                    Show.Span(instance.RunningAt, instance.FinishedAt),
                    instance.Usage is { } used ? string.Create(CultureInfo.InvariantCulture, $"{used.CpuMs / 1000.0:0.##} s") : null,
                    instance.Usage is { } held ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(held.PeakMemoryKib / 1024.0)} MiB") : null,
                    Posted(instance.Progress), instance.StateReason, instance.KeptDirectory);
            }

            table.Write(call.Context);
            return ExitCodes.Success;
        });
    }

    /// <summary><c>50% half way (2 bad lines: …, 3 events dropped)</c>.</summary>
    private static string? Posted(InstanceProgress? progress)
    {
        if (progress is null)
        {
            return null;
        }

        string?[] problems =
        [
            progress.BadLineCount > 0 ? $"{Show.Number(progress.BadLineCount)} bad lines: {progress.Problem}" : null,
            progress.DroppedEventCount > 0 ? $"{Show.Number(progress.DroppedEventCount)} events dropped" : null,
        ];
        var known = string.Join("; ", problems.OfType<string>());
        return string.Join(' ', new[] { Show.Posted(progress.Percent, progress.Message), known.Length > 0 ? $"({known})" : null }.OfType<string>());
    }
}
