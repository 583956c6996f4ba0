using System.Collections.Frozen;
using System.Text.Json;
using System.Text.RegularExpressions;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Environments;

/// <summary>Reads the member <c>slurm</c> of an environment. What passes can stand in the head of a script as it is: no blank, no quote, no line end.</summary>
internal static partial class SlurmDocumentReader
{
    internal const int MaxOptions = 20;
    // A pilot is asked to drain a minute before its end.
    private const int MinMinutes = 3;

    private const int MaxMinutes = 525_600;
    private const int MaxCpus = 10_000;
    private const int MaxMemoryMib = 100_000_000;
    private const int MaxNameLength = 256;

    internal static readonly MemberSet Members = new(
        ["partition", "account", "qos", "time_limit_minutes", "cpus", "memory_mib", "max_queued", "work_directory", "options"]);

    /// <summary>
    /// Options that only say where a pilot may run and what it gets. Everything else is set by the provider (name, comment, array, output, environment), would take
    /// the pilot out of its sight (cluster, begin, dependency), or would act as somebody else (uid).
    /// </summary>
    private static readonly FrozenSet<string> AllowedOptions = new[]
    {
        "constraint", "prefer", "gres", "gpus", "gpus-per-node", "gpus-per-task", "gpu-bind", "gpu-freq", "mem-per-cpu", "mem-per-gpu", "cpus-per-gpu", "tmp", "mincpus", "threads-per-core",
        "cores-per-socket", "sockets-per-node", "hint", "exclusive", "oversubscribe", "contiguous", "nodelist", "exclude", "reservation", "licenses", "switches", "nice", "wckey",
        "core-spec", "cpu-freq", "network",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly TextRule WorkDirectory = new()
    {
        MinLength = 1,
        MaxLength = MaxNameLength,
        Pattern = DirectoryPattern(),
        Form = "an absolute path of letters, digits, '_', '-', '.', '/'",
        EmptyCode = ItemCodes.SlurmWorkDirectoryInvalid,
        InvalidCode = ItemCodes.SlurmWorkDirectoryInvalid,
        TooLongCode = ItemCodes.SlurmWorkDirectoryInvalid,
    };

    private static readonly TextRule Option = new()
    {
        MinLength = 1,
        MaxLength = MaxNameLength,
        Pattern = OptionPattern(),
        Form = "--name or --name=value, the value without blanks, quotes, '#', '%', '\\' and ';'",
        EmptyCode = ItemCodes.SlurmOptionInvalid,
        InvalidCode = ItemCodes.SlurmOptionInvalid,
        TooLongCode = ItemCodes.SlurmOptionInvalid,
    };

    /// <summary>The settings of an environment of this provider; null for another provider, which may not have the member.</summary>
    /// <param name="owner">The environment.</param>
    /// <param name="provider">Its provider; null: it is unknown or left out.</param>
    /// <param name="problems">What is wrong.</param>
    internal static SlurmDocument? Read(ObjectReader owner, NodeProvider? provider, ProblemList problems)
    {
        var isSlurm = provider == NodeProvider.Slurm;
        if (owner.Find("slurm") is not { } value)
        {
            return isSlurm ? new SlurmDocument() : null;
        }

        if (!isSlurm && (provider is not null || owner.Find("provider") is null))
        {
            problems.Add(owner.PathOf("slurm"), ItemCodes.SlurmWithoutProvider, "Expected only with the provider slurm.");
        }

        return ObjectReader.Open(value, owner.PathOf("slurm"), Members, problems) is { } members ? ReadMembers(members, problems) : null;
    }

    private static SlurmDocument ReadMembers(ObjectReader members, ProblemList problems) => new()
    {
        Partition = members.Text("partition", NameRule(ItemCodes.SlurmPartitionInvalid)),
        Account = members.Text("account", NameRule(ItemCodes.SlurmAccountInvalid)),
        Qos = members.Text("qos", NameRule(ItemCodes.SlurmQosInvalid)),
        TimeLimitMinutes = members.Integer("time_limit_minutes", MinMinutes, MaxMinutes, ItemCodes.SlurmTimeLimitOutOfRange),
        Cpus = members.Integer("cpus", 1, MaxCpus, ItemCodes.SlurmCpusOutOfRange) ?? 1,
        MemoryMib = members.Integer("memory_mib", 1, MaxMemoryMib, ItemCodes.SlurmMemoryOutOfRange),
        MaxQueued = members.Integer("max_queued", 1, EnvironmentDocumentReader.MaxNodes, ItemCodes.SlurmMaxQueuedOutOfRange) ?? SlurmDocument.DefaultMaxQueued,
        WorkDirectory = members.Text("work_directory", WorkDirectory) ?? SlurmDocument.DefaultWorkDirectory,
        Options = members.List("options", MaxOptions, ItemCodes.SlurmOptionsTooMany, (element, path) => ReadOption(element, path, problems)) ?? [],
    };

    private static string? ReadOption(JsonElement element, string path, ProblemList problems)
    {
        var before = problems.Items.Count;
        var text = ObjectReader.TextOf(element, path, Option, problems);
        if (text is null || problems.Items.Count > before)
        {
            return text;
        }

        var name = text[2..].Split('=')[0];
        if (!AllowedOptions.Contains(name))
        {
            problems.Add(path, ItemCodes.SlurmOptionRefused, $"--{Shown.Clip(name)} cannot be given. Allowed: {string.Join(", ", AllowedOptions.Order(StringComparer.Ordinal).Select(option => "--" + option))}.");
        }

        return text;
    }

    private static TextRule NameRule(string code) => new()
    {
        MinLength = 1,
        MaxLength = MaxNameLength,
        Pattern = NamePattern(),
        Form = "letters, digits, '_', '-', '.', ','",
        EmptyCode = code,
        InvalidCode = code,
        TooLongCode = code,
    };

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9_.,-]*\z")]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"^/[A-Za-z0-9_./-]*\z")]
    private static partial Regex DirectoryPattern();

    [GeneratedRegex(@"^--[a-z][a-z-]*(=[A-Za-z0-9_.,:+&|*()\[\]/@!=-]+)?\z")]
    private static partial Regex OptionPattern();
}
