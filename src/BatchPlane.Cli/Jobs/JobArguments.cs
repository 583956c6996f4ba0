using System.CommandLine;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Jobs;

/// <summary>Arguments and options that several job verbs share in wording.</summary>
internal static class JobArguments
{
    internal static Argument<string> Job() => new("JOB") { Description = "Id of the job, job-…" };

    internal static Argument<string> Task() => new("TASK") { Description = "Name of the task." };

    internal static Option<double?> Timeout() => new("--timeout")
    {
        HelpName = "SECONDS",
        Description = "Give up after this many seconds, with exit code 4; the job goes on. Default: wait without end.",
        Validators =
        {
            result =>
            {
                if (result.GetValueOrDefault<double?>() is <= 0)
                {
                    result.AddError("--timeout wants seconds greater than 0.");
                }
            },
        },
    };

    /// <summary>A limit on how many items are listed.</summary>
    internal static Option<int> Limit(int fallback) => new("--limit")
    {
        HelpName = "N",
        Description = "List at most N.",
        DefaultValueFactory = _ => fallback,
        Validators =
        {
            result =>
            {
                if (result.GetValueOrDefault<int>() < 1)
                {
                    result.AddError("--limit wants a number of at least 1.");
                }
            },
        },
    };

    /// <summary>A state of a job, task or instance, in any case and with or without underscores.</summary>
    internal static Option<RunState?> State() => new("--state")
    {
        HelpName = "STATE",
        Description = "Only those in this state: " + string.Join(", ", Enum.GetValues<RunState>().Select(state => Output.Show.Word(state))) + ".",
        CustomParser = result =>
        {
            var word = result.Tokens[0].Value.Replace("_", "", StringComparison.Ordinal);
            if (Enum.TryParse<RunState>(word, ignoreCase: true, out var state) && Enum.IsDefined(state))
            {
                return state;
            }

            result.AddError($"'{result.Tokens[0].Value}' is not a state.");
            return null;
        },
    };
}
