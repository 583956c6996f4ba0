using System.CommandLine;
using System.Text.Json;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Jobs;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Events;

/// <summary><c>batchplane executions [ID]</c>: attempts that ended, the latest first, or those that run; or one with what happened to it.</summary>
internal static class ExecutionsCommand
{
    private const int DefaultLimit = 50;
    private const int PageSize = 500;

    internal static Command Create(ClientCommands client)
    {
        var id = new Argument<string?>("ID") { Description = "An attempt, job-…/0/3/1: what happened to it, and the attempts of its instance; without: a list.", Arity = ArgumentArity.ZeroOrOne };
        var result = new Option<string?>("--result") { HelpName = "RESULT", Description = "Only SUCCESS, FAILURE, KILLED, LOST, RETURNED, RUNNING, joined by commas; without: all but RUNNING." };
        Option<string?>[] filters =
        [
            result,
            new("--job") { HelpName = "JOB", Description = "Only those of this job." },
            .. JournalFilters.Create(),
            new("--env") { HelpName = "ENV", Description = "Only those on nodes of this environment." },
            new("--text") { HelpName = "TEXT", Description = "Only those whose failure cause contains TEXT." },
            new("--sort") { HelpName = "SORT", Description = "By complete_time (default), start_time, duration or result: the latest, longest or last first." },
            new("--since") { HelpName = "TIME", Description = "Only those that ended since TIME, or run." },
            new("--until") { HelpName = "TIME", Description = "Only those that ended before TIME." },
            new("--started-since") { HelpName = "TIME", Description = "Only those whose command began since TIME." },
            new("--started-until") { HelpName = "TIME", Description = "Only those whose command began before TIME." },
        ];
        var limit = JobArguments.Limit(DefaultLimit);
        return client.Create("executions", "List attempts that ended, the latest first, or those that run; or show one.", [id, .. filters, limit], async call =>
        {
            if (call.Parsed.GetValue(id) is { } one)
            {
                if (filters.FirstOrDefault(option => call.Get(option) is not null) is { } given)
                {
                    throw new UsageException($"{given.Name} is about the list: leave ID out.");
                }

                await ShowAsync(call, one);
                return ExitCodes.Success;
            }

            // What runs alone has an order of its own.
            var order = call.Get(result) == ExecutionResults.Running && !filters.Any(option => option.Name == "--sort" && call.Get(option) is not null) ? null : "desc";
            var found = await ListAsync(call, JournalFilters.Query("v1/executions", filters, call).With("order", order).ToString(), call.Get(limit));
            if (call.AsJson)
            {
                Json.Write(call.Context, found.ToArray());
                return ExitCodes.Success;
            }

            Write(call, found.Select(item => item.Deserialize<ExecutionView>(BatchPlaneJson.Options)!));
            return ExitCodes.Success;
        });
    }

    private static async Task ShowAsync(ClientCall call, string id)
    {
        var answer = await call.Api.GetAsync<ExecutionDetails>($"v1/executions/{string.Join('/', id.Split('/').Select(Uri.EscapeDataString))}", call.Cancellation);
        if (call.AsJson)
        {
            Json.Write(call.Context, answer.Json);
            return;
        }

        Write(call, answer.Value.Chain);
        foreach (var (view, json) in answer.Value.Transitions.Zip(answer.Json.GetProperty("transitions").EnumerateArray()))
        {
            EventLine.Write(call, view, json, withSubject: false);
        }
    }

    private static void Write(ClientCall call, IEnumerable<ExecutionView> executions)
    {
        var table = new Table("JOB", "TASK", "INDEX", "ATTEMPT", "SOURCE", "RESULT", "NODE", "HOST", "START (UTC)", "TOOK", "EXIT", "CAUSE");
        foreach (var view in executions)
        {
            table.Add(
                view.JobId, view.TaskName, Show.Number(view.TaskInstanceIndex), Show.Number(view.Attempt), view.ExecutionSource, view.Result, view.ComputeNodeId, view.HostName,
                Show.Time(view.StartTime), Show.Span(view.StartTime, view.CompleteTime), Show.NumberOrNull(view.ExitCode), view.FailureCause ?? Show.Word(view.Cause));
        }

        table.Write(call.Context);
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
