using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Jobs;

namespace BatchPlane.Cli.Events;

/// <summary><c>batchplane events [JOB]</c>: the journal of a job in sequence, or that of all jobs and environments, one line for each event.</summary>
internal static class EventsCommand
{
    private const int DefaultLimit = 50;

    internal static Command Create(ClientCommands client)
    {
        var job = new Argument<string?>("JOB") { Description = "Id of the job, job-…; without: events of all jobs and environments, the newest.", Arity = ArgumentArity.ZeroOrOne };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on: of a job until it has ended, of all without end." };
        var after = new Option<string?>("--after") { HelpName = "PLACE", Description = "Only those after this sequence number of the job; without JOB: after this cursor." };
        Option<string?>[] filters =
        [
            new("--job") { HelpName = "JOB", Description = "Only those of this job; unlike JOB with the other options, and --follow without end." },
            .. JournalFilters.Create(),
            new("--env") { HelpName = "ENV", Description = "Only those of this environment and its nodes." },
            new("--subscription") { HelpName = "SUB", Description = "Only those of this subscription." },
            new("--level") { HelpName = "LEVEL", Description = "Only those about: job, task, task_instance, compute_env, compute_node, subscription; several joined by commas." },
            new("--name") { HelpName = "EVENT", Description = "Only events of this name, such as JobFailed; several joined by commas." },
            new("--state") { HelpName = "STATE", Description = "Only those that entered this state; several joined by commas." },
            new("--source") { HelpName = "WHO", Description = "Only those caused by engine, agent, user, or user:NAME." },
            new("--text") { HelpName = "TEXT", Description = "Only those whose reason or details contain TEXT." },
            new("--since") { HelpName = "TIME", Description = "Only those since TIME, such as 2025-10-09T08:53:20Z." },
            new("--until") { HelpName = "TIME", Description = "Only those before TIME." },
        ];
        var sort = new Option<string?>("--sort") { HelpName = "SORT", Description = "By journal (default), occurred_at, name, state or source; not with --follow." };
        var limit = JobArguments.Limit(DefaultLimit);
        limit.Description = "Without JOB and --follow: at most N.";
        return client.Create(
            "events",
            "Print the events of a job in sequence, or the newest of all jobs and environments. With -o json: one document on each line.",
            [job, follow, after, .. filters, sort, limit],
            async call =>
            {
                var given = filters.Append(sort).Where(option => call.Get(option) is not null).ToList();
                if (call.Parsed.GetValue(job) is { } one)
                {
                    if (given.Count > 0)
                    {
                        throw new UsageException($"{given[0].Name} is about the events of all jobs: leave JOB out.");
                    }

                    var journal = new JobJournal(call, Uri.EscapeDataString(one), Sequence(call.Get(after)));
                    await (call.Get(follow) ? journal.FollowAsync() : journal.DrainAsync());
                    return ExitCodes.Success;
                }

                if (call.Get(follow) && call.Get(sort) is not null)
                {
                    throw new UsageException("--sort is about what there is: what happens has an order of its own.");
                }

                var all = new WholeJournal(call, JournalFilters.Query("v1/events", [.. filters, sort], call).ToString(), call.Get(after));
                if (call.Get(follow))
                {
                    await all.FollowAsync();
                }
                else
                {
                    await all.PrintAsync(call.Get(limit), onwards: call.Get(after) is not null);
                    await DeliveryFooter.WriteAsync(call);
                }

                return ExitCodes.Success;
            });
    }

    private static long Sequence(string? after) =>
        after is null ? 0 : long.TryParse(after, out var sequence) && sequence >= 0 ? sequence : throw new UsageException("--after wants a sequence number of the job.");
}
