using System.CommandLine;
using System.Text.Json;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Jobs;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Events;

/// <summary><c>batchplane executions</c>: attempts that ended, the latest first, or those that run.</summary>
internal static class ExecutionsCommand
{
    private const int DefaultLimit = 50;
    private const int PageSize = 500;

    internal static Command Create(ClientCommands client)
    {
        Option<string?>[] filters =
        [
            new("--result") { HelpName = "RESULT", Description = "Only SUCCESS, FAILURE, KILLED, LOST, RETURNED, several joined by commas; or those that are RUNNING." },
            new("--execution-source") { HelpName = "SOURCE", Description = "Only NORMAL_TRIGGER, FAILOVER, RETRY, MANUAL, joined by commas." },
            new("--job") { HelpName = "JOB", Description = "Only those of this job." },
            new("--task") { HelpName = "TASK", Description = "Only those of this task; with --job." },
            new("--index") { HelpName = "N", Description = "Only those of this instance; with --task." },
            new("--node") { HelpName = "NODE", Description = "Only those on this node." },
            new("--text") { HelpName = "TEXT", Description = "Only those whose failure cause contains TEXT." },
            new("--sort") { HelpName = "SORT", Description = "By complete_time (default), start_time, duration or result; of those that ended, the latest, longest or last first." },
            new("--since") { HelpName = "TIME", Description = "Only those that ended since TIME." },
            new("--until") { HelpName = "TIME", Description = "Only those that ended before TIME." },
        ];
        var limit = JobArguments.Limit(DefaultLimit);
        return client.Create("executions", "List attempts that ended, the latest first, or those that run.", [.. filters, limit], async call =>
        {
            var isRunning = string.Equals(call.Get(filters[0]), ExecutionResults.Running, StringComparison.Ordinal);
            var query = filters.Aggregate(new Query("v1/executions"), (sum, option) => sum.With(option.Name[2..].Replace('-', '_'), call.Get(option))).With("order", isRunning ? null : "desc");
            var found = await ListAsync(call, query.ToString(), call.Get(limit));
            if (call.AsJson)
            {
                Json.Write(call.Context, found.ToArray());
                return ExitCodes.Success;
            }

            var table = new Table("JOB", "TASK", "INDEX", "ATTEMPT", "SOURCE", "RESULT", "NODE", "START (UTC)", "TOOK", "EXIT", "CAUSE");
            foreach (var view in found.Select(item => item.Deserialize<ExecutionView>(BatchPlaneJson.Options)!))
            {
                table.Add(
                    view.JobId, view.TaskName, Show.Number(view.TaskInstanceIndex), Show.Number(view.Attempt), view.ExecutionSource, view.Result, view.ComputeNodeId,
                    Show.Time(view.StartTime), Show.Span(view.StartTime, view.CompleteTime), Show.NumberOrNull(view.ExitCode), view.FailureCause ?? Show.Word(view.Cause));
            }

            table.Write(call.Context);
            return ExitCodes.Success;
        });
    }

    private static async Task<List<JsonElement>> ListAsync(ClientCall call, string path, int limit)
    {
        var found = new List<JsonElement>();
        var page = default(JournalPage<JsonElement>);
        while (found.Count < limit && page is not { More: false })
        {
            var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            var where = $"{path}{separator}limit={Math.Min(PageSize, limit - found.Count)}{(page is null ? "" : $"&after={Uri.EscapeDataString(page.NextCursor)}")}";
            page = (await call.Api.GetAsync<JournalPage<JsonElement>>(where, call.Cancellation)).Value;
            found.AddRange(page.Items);
        }

        return found;
    }
}
