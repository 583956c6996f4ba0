using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Jobs;

/// <summary><c>batchplane retry JOB [--task TASK [--instances 0-9,12]]</c>: has what failed of a job tried again.</summary>
internal static class RetryCommand
{
    internal static Command Create(ClientCommands client)
    {
        var job = JobArguments.Job();
        var task = new Option<string[]>("--task") { HelpName = "TASK", Description = "Only this task, and what failed because of it; may be given several times." };
        var instances = new Option<string?>("--instances") { HelpName = "INDEXES", Description = "Only these instances of the task, such as 0-9,12." };
        var command = client.Create("retry", "Try what failed of a job again. What succeeded stays as it is.", [job, task, instances], async call =>
        {
            var tasks = call.Get(task) is { Length: > 0 } names ? names.Select(name => new RetryTaskRequest(name, call.Get(instances))).ToArray() : null;
            var answer = await call.Api.PostAsync<RetryJobResponse>(JobRoutes.Retry(call.GetSegment(job)), new RetryJobRequest(tasks), call.Cancellation);
            if (call.AsJson)
            {
                Json.Write(call.Context, answer.Json);
            }
            else
            {
                call.Context.Out.WriteLine($"{call.Get(job)}: {answer.Value.Instances} instances are tried again");
            }

            return ExitCodes.Success;
        });
        command.Validators.Add(result =>
        {
            if (result.GetResult(instances) is not null && result.GetValue(task) is not { Length: 1 })
            {
                result.AddError("--instances wants exactly one --task.");
            }
        });
        return command;
    }
}
