using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Jobs;

/// <summary><c>batchplane terminate JOB [TASK [INDEX]]</c>: asks for the end of a job, a task or an instance; <c>wait</c> tells when a job's is reached.</summary>
internal static class TerminateCommand
{
    internal static Command Create(ClientCommands client)
    {
        var job = JobArguments.Job();
        var task = new Argument<string?>("TASK") { Description = "Only this task.", Arity = ArgumentArity.ZeroOrOne };
        var index = new Argument<int?>("INDEX") { Description = "Only this instance of the task, from 0.", Arity = ArgumentArity.ZeroOrOne };
        var reason = new Option<string?>("--reason") { HelpName = "TEXT", Description = "Kept with what ends and shown; at most 500 characters." };
        return client.Create("terminate", "Ask for the end of a job, a task or an instance. Processes get SIGTERM, then SIGKILL.", [job, task, index, reason], async call =>
        {
            var id = call.GetSegment(job);
            var name = call.Parsed.GetValue(task) is { } given ? Uri.EscapeDataString(given) : null;
            var route = (name, call.Parsed.GetValue(index)) switch
            {
                (null, _) => JobRoutes.Terminate(id),
                ({ } ofTask, null) => JobRoutes.TerminateTask(id, ofTask),
                ({ } ofTask, { } number) => JobRoutes.TerminateInstance(id, ofTask, number),
            };
            await call.Api.PostAsync(route, new TerminateJobRequest(call.Get(reason)), call.Cancellation);
            var seen = await call.Api.GetAsync<JobDetail>(JobRoutes.Job(id), call.Cancellation);
            if (call.AsJson)
            {
                Json.Write(call.Context, seen.Json);
            }
            else
            {
                var outcome = name is null && seen.Value.TerminateRequestedAt is null ? "had ended before" : "end asked for";
                call.Context.Out.WriteLine($"{seen.Value.JobId} {Show.Word(seen.Value.JobState)}: {outcome}");
            }

            return ExitCodes.Success;
        });
    }
}
