using System.Collections;
using System.Globalization;
using BatchPlane.Agent.Users;

namespace BatchPlane.Agent.Executors;

/// <summary>
/// Environment variables of an attempt: a few of the agent's own that say where and in which language it runs, over them the task's,
/// over them the system's. Nothing else of the agent's environment is passed on: it may hold secrets.
/// </summary>
internal static class AttemptEnvironment
{
    /// <summary>Where the command posts progress: docs/progress.md.</summary>
    private const string ProgressFile = "BATCH_PROGRESS_FILE";

    private static readonly string[] Inherited = ["PATH", "HOME", "LANG", "LANGUAGE", "TZ", "USER", "LOGNAME", "SHELL", "TMPDIR"];

    private static readonly Dictionary<string, string> Base = Passed();

    /// <summary>Stands in the environment of the attempt's processes and of no other's.</summary>
    internal static string Mark(Launch launch) => $"{ProgressFile}={launch.Paths.Progress}";

    /// <summary>Name to value, complete.</summary>
    /// <param name="launch">The attempt.</param>
    /// <param name="account">The user that it runs as; null: the agent's own.</param>
    internal static Dictionary<string, string> Make(Launch launch, UserAccount? account)
    {
        var variables = Inherit();
        if (account is not null)
        {
            RunAsUsers.AddVariables(account, variables);
        }

        return Add(launch, variables);
    }

    /// <summary>The task's and the system's alone: what a command gets that runs in a world of its own.</summary>
    internal static Dictionary<string, string> OfTask(Launch launch) => Add(launch, new(StringComparer.Ordinal));

    /// <summary>The few of the agent's own.</summary>
    internal static Dictionary<string, string> Inherit() => new(Base, StringComparer.Ordinal);

    private static Dictionary<string, string> Add(Launch launch, Dictionary<string, string> variables)
    {
        foreach (var variable in launch.Claim.Run.EnvVars)
        {
            variables[variable.Name] = variable.Value;
        }

        variables["BATCH_JOB_ID"] = launch.Claim.JobId;
        variables["BATCH_TASK_NAME"] = launch.Claim.TaskName;
        variables["BATCH_TASK_INSTANCE_NUM"] = launch.Claim.TaskInstanceNum.ToString(CultureInfo.InvariantCulture);
        variables["BATCH_TASK_INSTANCE_INDEX"] = launch.Index.ToString(CultureInfo.InvariantCulture);
        variables["BATCH_ATTEMPT"] = launch.Attempt.ToString(CultureInfo.InvariantCulture);
        variables[ProgressFile] = launch.Paths.Progress;
        return variables;
    }

    private static Dictionary<string, string> Passed()
    {
        var passed = new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = ProgramLookup.DefaultPath };
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            var name = (string)variable.Key;
            if (Inherited.Contains(name, StringComparer.Ordinal) || name.StartsWith("LC_", StringComparison.Ordinal))
            {
                passed[name] = (string?)variable.Value ?? "";
            }
        }

        return passed;
    }
}
