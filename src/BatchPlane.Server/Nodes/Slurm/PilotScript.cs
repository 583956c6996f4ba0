using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Nodes.Slurm;

/// <summary>What a pilot's script is made of, besides the group.</summary>
/// <param name="Settings">Settings of the environment, validated: nothing in them needs quoting in the head.</param>
/// <param name="Slots">Instances a node runs at once.</param>
/// <param name="Program">Path of the agent's program on the machines of Slurm.</param>
/// <param name="ServerUrl">Where agents find the server.</param>
/// <param name="GiveUpSeconds">When a pilot without work and server ends itself.</param>
internal sealed record PilotPlan(SlurmDocument Settings, int Slots, string Program, string ServerUrl, int GiveUpSeconds);

/// <summary>
/// Renders the script of a group of pilots: a head with everything that Slurm is asked for, and <c>pilot.sh</c>. Pure; holds no secret, since Slurm shows scripts to others:
/// the agent's token travels in the job's environment.
/// </summary>
internal static partial class PilotScript
{
    /// <summary>Seconds before the time limit at which the script, and it alone, is asked to end.</summary>
    internal const int NoticeSeconds = 60;

    private static readonly string Body = LoadBody();

    /// <summary>The script of the group.</summary>
    internal static string Render(PilotGroup group, PilotPlan plan)
    {
        var script = new StringBuilder("#!/bin/sh\n");
        foreach (var option in Head(group, plan.Settings))
        {
            script.Append("#SBATCH ").Append(option).Append('\n');
        }

        return script.Append(Placeholder().Replace(Body, match => Value(match.Groups["name"].Value, group, plan))).ToString();
    }

    private static IEnumerable<string> Head(PilotGroup group, SlurmDocument settings)
    {
        yield return $"--job-name={group.Name}";
        yield return $"--comment={group.Comment}";
        yield return string.Create(CultureInfo.InvariantCulture, $"--array=0-{group.Members.Count - 1}");
        yield return $"--chdir={settings.WorkDirectory}";
        yield return $"--output={settings.WorkDirectory.TrimEnd('/')}/batchplane-%A_%a.log";
        yield return "--nodes=1";
        yield return "--ntasks=1";
        yield return string.Create(CultureInfo.InvariantCulture, $"--cpus-per-task={settings.Cpus}");
        yield return "--no-requeue";
        yield return string.Create(CultureInfo.InvariantCulture, $"--signal=B:TERM@{NoticeSeconds}");
        if (settings.MemoryMib is { } memory)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"--mem={memory}M");
        }

        if (settings.TimeLimitMinutes is { } minutes)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"--time={minutes}");
        }

        foreach (var (name, value) in new[] { ("partition", settings.Partition), ("account", settings.Account), ("qos", settings.Qos) })
        {
            if (value is not null)
            {
                yield return $"--{name}={value}";
            }
        }

        foreach (var option in settings.Options)
        {
            yield return option;
        }
    }

    private static string Value(string name, PilotGroup group, PilotPlan plan) => name switch
    {
        "env_id" => group.EnvId,
        "node_ids" => string.Join(' ', group.Members.Select(member => member.NodeId)),
        "program" => Quoted(plan.Program),
        "server" => Quoted(plan.ServerUrl),
        "slots" => plan.Slots.ToString(CultureInfo.InvariantCulture),
        "cpus" => plan.Settings.Cpus.ToString(CultureInfo.InvariantCulture),
        "give_up_seconds" => plan.GiveUpSeconds.ToString(CultureInfo.InvariantCulture),
        _ => throw new InvalidOperationException($"pilot.sh names {name}, which nothing fills in."),
    };

    /// <summary>The text as one word of a shell, whatever is in it.</summary>
    private static string Quoted(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static string LoadBody()
    {
        using var stream = typeof(PilotScript).Assembly.GetManifestResourceStream("Nodes/Slurm/pilot.sh")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"\{\{(?<name>[a-z_]+)\}\}")]
    private static partial Regex Placeholder();
}
