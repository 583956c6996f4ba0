using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Jobs;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Environments;

/// <summary><c>batchplane env ENV</c>: one environment; its nodes are in <c>batchplane nodes ENV</c>.</summary>
internal static class EnvironmentCommand
{
    internal static Command Create(ClientCommands client)
    {
        var id = new Argument<string>("ENV") { Description = "Id of the environment, env-…" };
        var command = client.Create("env", "Show an environment.", [id], async call =>
        {
            var answer = await call.Api.GetAsync<EnvironmentView>(EnvironmentRoutes.Environment(call.GetSegment(id)), call.Cancellation);
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
        command.Add(RenderPilotCommand.Create(client));
        return command;
    }

    private static void Write(CliContext context, EnvironmentView environment)
    {
        JobCommand.Facts(context,
            ("environment", environment.EnvId),
            ("name", environment.EnvName),
            ("description", environment.EnvDescription),
            ("state", Show.Word(environment.EnvState)),
            ("reason", environment.StateReason),
            ("provider", Show.Word(environment.Provider)),
            ("number of nodes", environment.MaxComputeNodeCount is { } max
                ? $"{Show.Number(environment.MinComputeNodeCount)} to {Show.Number(max)}, by the work; idle ones go after {Show.Number(environment.IdleSeconds)} s"
                : "fixed"),
            ("inactive nodes", $"{Show.Word(environment.ActionIfComputeNodeInactive)}, at most {Show.Number(environment.ResourceMaxRetryCount)} one after the other"),
            ("made for", environment.JobId is { } job ? $"{job}, task {environment.TaskName}" : ""),
            ("default", environment.IsDefault ? "yes" : "no"),
            ("reason", environment.StateReason ?? ""),
            ("created", Show.Time(environment.CreatedAt)),
            ("events to", string.Join(", ", environment.Notifications.SelectMany(notification => notification.Topics))));
        context.Out.WriteLine();
        WriteNodes(context, environment);
    }

    /// <summary>How many nodes there are to be, and in which states they are.</summary>
    internal static void WriteNodes(CliContext context, EnvironmentView environment)
    {
        var metrics = environment.ComputeNodeMetrics;
        var table = new Table("DESIRED", "TARGET", "RUNNING", "ON THE WAY", "ABNORMAL", "FAILED", "DELETING");
        table.Add(
            Show.Number(environment.DesiredComputeNodeCount),
            Show.Number(environment.TargetComputeNodeCount),
            Show.Number(metrics.RunningCount),
            Show.Number(metrics.SubmittedCount + metrics.CreatingCount + metrics.CreatedCount),
            Show.Number(metrics.AbnormalCount),
            Show.Number(metrics.CreationFailedCount),
            Show.Number(metrics.DeletingCount));
        table.Write(context);
    }
}
