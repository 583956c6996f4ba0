using System.CommandLine;
using System.Text.Json;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Connections;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Jobs;

/// <summary><c>batchplane events JOB</c>: the job's journal in sequence, one line for each row.</summary>
internal static class EventsCommand
{
    private const int PageSize = 500;

    internal static Command Create(ClientCommands client)
    {
        var job = JobArguments.Job();
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on until the job has ended." };
        var after = new Option<long>("--after") { HelpName = "SEQUENCE", Description = "Only those after this sequence number. Default: 0, all." };
        return client.Create(
            "events",
            "Print the events of a job in sequence. With -o json: one document on each line.",
            [job, follow, after],
            async call =>
            {
                var reader = new JournalReader(call, call.GetSegment(job), call.Get(after));
                await (call.Get(follow) ? reader.FollowAsync() : reader.DrainAsync());
                return ExitCodes.Success;
            });
    }

    private sealed class JournalReader(ClientCall call, string job, long after)
    {
        private readonly Patience _patience = new(call.Context);
        private long _after = after;

        /// <summary>
        /// The state is asked for before the rows: the row that ends a job is written with its state, so a drain that begins
        /// after the end was seen is complete.
        /// </summary>
        internal async Task FollowAsync()
        {
            var interval = new PollInterval(call.Context.Time);
            while (true)
            {
                var seen = await _patience.AskAsync(
                    () => call.Api.GetAsync<JobDetail>(JobRoutes.Job(job), call.Cancellation), call.Cancellation);
                if (await DrainAsync())
                {
                    interval.Changed();
                }

                if (JobWatch.IsFinal(seen.Value.JobState))
                {
                    return;
                }

                await interval.WaitAsync(call.Cancellation);
            }
        }

        /// <summary>Prints all rows there are; true when there was one.</summary>
        internal async Task<bool> DrainAsync()
        {
            var any = false;
            while (true)
            {
                var page = await _patience.AskAsync(
                    () => call.Api.GetAsync<Page<JsonElement>>(JobRoutes.Events(job, _after, PageSize), call.Cancellation), call.Cancellation);
                foreach (var item in page.Value.Items)
                {
                    var row = item.Deserialize<EventView>(BatchPlaneJson.Options)!;
                    _after = row.Sequence;
                    any = true;
                    Write(row, item);
                }

                if (page.Value.Items.Count == 0 || page.Value.NextCursor is null)
                {
                    return any;
                }
            }
        }

        private void Write(EventView row, JsonElement json)
        {
            if (call.AsJson)
            {
                Json.WriteLine(call.Context, json);
            }
            else
            {
                call.Context.Out.WriteLine(Line(row));
            }
        }

        /// <summary><c>    7  08:53:20.123  TASK_INSTANCE_FAILED  count[3] attempt 1 on node-… exit 2 (exit_code): …  -> job-message</c>.</summary>
        private static string Line(EventView row)
        {
            var subject = row.TaskInstanceIndex is { } index ? $"{row.TaskName}[{index}]" : row.TaskName;
            string?[] parts =
            [
                subject,
                row.Attempt is { } attempt ? $"attempt {attempt}" : null,
                row.ComputeNodeId is { } node ? $"on {node}" : null,
                Posted(row.Details),
                row.ExitCode is { } code ? $"exit {code}" : null,
                row.Cause is { } cause and not Cause.Succeeded ? $"({Show.Word(cause)})" : null,
                string.IsNullOrEmpty(row.Reason) ? null : row.Reason.ReplaceLineEndings(" "),
                row.Topics.Count == 0 ? null : "-> " + string.Join(", ", row.Topics),
            ];
            return $"{row.Sequence,5}  {Show.Clock(row.OccurredAt)}  {row.EventName,-26} {string.Join(' ', parts.OfType<string>())}".TrimEnd();
        }

        /// <summary>What a command posted: <c>50% half way</c>, or <c>checkpoint {"step":3}</c>.</summary>
        private static string? Posted(JsonElement? details)
        {
            if (details?.Deserialize<PostedDetails>(BatchPlaneJson.Options) is not { } posted)
            {
                return null;
            }

            return posted.Name is { } name ? $"{name} {posted.Data}".TrimEnd() : Show.Posted(posted.Percent, posted.Message)?.ReplaceLineEndings(" ");
        }

        private sealed record PostedDetails(double? Percent, string? Message, string? Name, JsonElement? Data);
    }
}
