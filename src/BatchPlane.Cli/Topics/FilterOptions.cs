using System.CommandLine;
using BatchPlane.Cli.Commands;

namespace BatchPlane.Cli.Topics;

/// <summary>The filter of a subscription on the command line. Words go to the server as they are: it says what is wrong with them.</summary>
internal sealed class FilterOptions
{
    private readonly Option<string[]> _levels = new("--level")
    {
        HelpName = "LEVEL",
        Description = "Only events of this level: job, task, task_instance, compute_env, compute_node or subscription. May be given several times.",
    };

    private readonly Option<string[]> _labels = new("--label")
    {
        HelpName = "KEY[=VALUE]",
        Description = "Only events of jobs and environments with this label; without a value: any. May be given several times: all must be there.",
    };

    private readonly Option<bool> _final = new("--final") { Description = "Only events that say that something has ended." };
    private readonly Option<bool> _changed = new("--changed") { Description = "Only events that say that a state changed." };

    internal Symbol[] All => [_levels, _labels, _final, _changed];

    /// <summary>The filter as the API takes it; null when none was given.</summary>
    internal Dictionary<string, object>? Read(ClientCall call)
    {
        var filter = new Dictionary<string, object>();
        if (call.Get(_levels) is { Length: > 0 } levels)
        {
            filter["levels"] = levels;
        }

        if (call.Get(_labels) is { Length: > 0 } labels)
        {
            filter["labels"] = labels.Select(LabelOf).ToArray();
        }

        if (call.Get(_final))
        {
            filter["final"] = true;
        }

        if (call.Get(_changed))
        {
            filter["changed"] = true;
        }

        return filter.Count > 0 ? filter : null;
    }

    private static Dictionary<string, string> LabelOf(string text)
    {
        var parts = text.Split('=', 2);
        var label = new Dictionary<string, string> { ["key"] = parts[0] };
        if (parts.Length > 1)
        {
            label["value"] = parts[1];
        }

        return label;
    }
}
