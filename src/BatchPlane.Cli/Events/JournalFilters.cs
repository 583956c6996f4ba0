using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;

namespace BatchPlane.Cli.Events;

/// <summary>Options that narrow events and attempts alike.</summary>
internal static class JournalFilters
{
    /// <summary>All but <c>--job</c>, of which both say something else.</summary>
    internal static IEnumerable<Option<string?>> Create() =>
    [
        new("--job-name") { HelpName = "NAME", Description = "Only those of jobs of this name; 'NAME*': of names that begin so." },
        new("--task") { HelpName = "TASK", Description = "Only those of this task; with --job." },
        new("--index") { HelpName = "N", Description = "Only those of this instance; with --task." },
        new("--attempt") { HelpName = "N", Description = "Only those of attempts of this number, from 1." },
        new("--execution") { HelpName = "ID", Description = "Only those of this attempt, job-…/0/3/1; instead of --job, --task, --index and --attempt." },
        new("--execution-source") { HelpName = "SOURCE", Description = "Only those of attempts made for NORMAL_TRIGGER, FAILOVER, RETRY, MANUAL, joined by commas." },
        new("--node") { HelpName = "NODE", Description = "Only those that concern this node." },
        new("--host") { HelpName = "HOST", Description = "Only those that concern nodes on the host of this name or IP address." },
    ];

    /// <summary>The options that are given, as parameters of their names.</summary>
    internal static Query Query(string path, IEnumerable<Option<string?>> options, ClientCall call) =>
        options.Aggregate(new Query(path), (sum, option) => sum.With(option.Name[2..].Replace('-', '_'), call.Get(option)));
}
