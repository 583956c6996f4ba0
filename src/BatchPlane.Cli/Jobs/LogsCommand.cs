using System.CommandLine;
using System.Text;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;

namespace BatchPlane.Cli.Jobs;

/// <summary><c>batchplane logs JOB TASK INDEX</c>: what an attempt wrote, byte for byte.</summary>
internal static class LogsCommand
{
    internal static Command Create(ClientCommands client)
    {
        var job = JobArguments.Job();
        var task = JobArguments.Task();
        var index = new Argument<int>("INDEX") { Description = "Index of the instance, from 0." };
        var stderr = new Option<bool>("--stderr") { Description = "Standard error instead of standard output." };
        var attempt = new Option<int?>("--attempt") { HelpName = "N", Description = "Attempt, from 1. Default: the last one." };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what is written until the attempt ends; waits for the first one." };
        var tail = new Option<int?>("--tail") { HelpName = "N", Description = "Only the last N lines." };
        return client.Create("logs", "Print what an instance wrote.", [job, task, index, stderr, attempt, follow, tail], async call =>
        {
            var stream = call.Get(stderr) ? "stderr" : "stdout";
            var log = new LogSource(call.GetSegment(job), call.GetSegment(task), call.Get(index), stream);
            if (call.Get(follow))
            {
                return call.AsJson
                    ? throw new UsageException("--follow prints text as it comes; leave -o json out")
                    : await LogFollower.RunAsync(call, log, call.Get(attempt), call.Get(tail));
            }

            var path = call.Get(tail) is { } lines
                ? log.From(call.Get(attempt), lines, offset: null, follow: false)
                : JobRoutes.Log(log.Job, log.Task, log.Index, stream, call.Get(attempt));
            if (!call.AsJson)
            {
                await call.Api.CopyAsync(path, call.Context.OutStream, call.Cancellation);
                await call.Context.OutStream.FlushAsync(call.Cancellation);
                return ExitCodes.Success;
            }

            using var text = new MemoryStream();
            await call.Api.CopyAsync(path, text, call.Cancellation);
            Json.Write(call.Context, new LogDocument(
                call.Get(job), call.Get(task), call.Get(index), call.Get(attempt), stream, Encoding.UTF8.GetString(text.ToArray())));
            return ExitCodes.Success;
        });
    }

    private sealed record LogDocument(string JobId, string TaskName, int TaskInstanceIndex, int? Attempt, string Stream, string Text);
}

/// <summary>Names an output; job and task are already escaped.</summary>
internal sealed record LogSource(string Job, string Task, int Index, string Stream)
{
    /// <summary>Its route.</summary>
    internal string From(int? attempt, int? tail, long? offset, bool follow) => JobRoutes.LogFrom(Job, Task, Index, Stream, attempt, tail, offset, follow);
}
