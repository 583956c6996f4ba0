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
        return client.Create("logs", "Print what an instance wrote.", [job, task, index, stderr, attempt], async call =>
        {
            var stream = call.Get(stderr) ? "stderr" : "stdout";
            var path = JobRoutes.Log(call.GetSegment(job), call.GetSegment(task), call.Get(index), stream, call.Get(attempt));
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
