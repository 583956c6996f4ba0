using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Connections;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Jobs;

/// <summary>What <c>batchplane submit --dry-run</c> prints.</summary>
internal static class PlanOutput
{
    internal static void Write(ClientCall call, Answer<JobPlan> answer)
    {
        if (call.AsJson)
        {
            Json.Write(call.Context, answer.Json);
            return;
        }

        var output = call.Context.Out;
        output.WriteLine("The job is valid; nothing was stored.");
        foreach (var task in answer.Value.Tasks)
        {
            output.WriteLine();
            output.WriteLine($"{task.TaskName}: in {task.EnvId ?? "an environment of its own"}, large enough are {Show.Number(task.FittingNodes)} of {Show.Number(task.RunningNodes)} running nodes; {(task.StartsNow ? "would start now" : "would wait")}");
            ExplainCommand.WriteReasons(output, task.Reasons);
        }
    }
}
