using System.Collections.Frozen;

namespace BatchPlane.Contracts;

/// <summary>One option for the engine's <c>run</c>.</summary>
/// <param name="Name">Long name without dashes: <c>shm-size</c>.</param>
/// <param name="Value">Its value; for a switch <c>true</c> or <c>false</c>.</param>
public sealed record RunOption(string Name, string Value)
{
    /// <summary>As one argument. Never as two: an option that the engine takes otherwise than expected must not swallow the argument behind it.</summary>
    public string Argument => $"--{Name}={Value}";
}

/// <summary>What is wrong with <c>docker_run_option</c>.</summary>
/// <param name="IsReserved">True: it asks for what BatchPlane sets itself. False: it cannot be understood.</param>
/// <param name="Message">In words.</param>
public sealed record RunOptionProblem(bool IsReserved, string Message);

/// <summary>
/// Reads <c>docker_run_option</c>. Three kinds of options: <i>plain</i> ones only concern the container itself; <i>reserved</i> ones would break what
/// BatchPlane promises of an attempt (its name, its end, its output, its directory) and are refused at submit; all others, also those nobody here has heard of,
/// reach out of the container, and a node refuses them unless its agent's options allow them.
/// </summary>
public static class RunOptions
{
    private static readonly FrozenSet<string> PlainValues = FrozenSet.Create(
        StringComparer.Ordinal,
        "add-host", "blkio-weight", "cap-drop", "cpu-shares", "cpuset-cpus", "cpuset-mems", "dns", "dns-option", "dns-search", "domainname", "env", "expose", "group-add",
        "health-cmd", "health-interval", "health-retries", "health-start-period", "health-timeout", "hostname", "kernel-memory", "label",
        "memory-reservation", "oom-score-adj", "shm-size", "stop-signal", "timezone",
        "tmpfs", "tz", "ulimit", "umask", "user");

    private static readonly FrozenSet<string> PlainSwitches = FrozenSet.Create(
        StringComparer.Ordinal, "init", "no-healthcheck", "no-hosts", "read-only");

    private static readonly FrozenSet<string> ReservedValues = FrozenSet.Create(
        StringComparer.Ordinal,
        "attach", "authfile", "cidfile", "conmon-pidfile", "cpus", "detach-keys", "entrypoint", "env-file", "label-file", "log-driver", "log-opt", "memory", "name", "pidfile", "pids-limit",
        "pull", "restart", "stop-timeout", "timeout", "workdir");

    private static readonly FrozenSet<string> ReservedSwitches = FrozenSet.Create(
        StringComparer.Ordinal, "detach", "help", "interactive", "quiet", "replace", "rm", "rmi", "rootfs", "sig-proxy", "tty");

    // Of the others those that are switches, so that a following word is not taken for their value.
    private static readonly FrozenSet<string> OtherSwitches = FrozenSet.Create(
        StringComparer.Ordinal, "env-host", "oom-kill-disable", "privileged", "publish-all");

    private static readonly FrozenDictionary<char, string> Short = new Dictionary<char, string>
    {
        ['a'] = "attach",
        ['c'] = "cpu-shares",
        ['d'] = "detach",
        ['e'] = "env",
        ['h'] = "hostname",
        ['i'] = "interactive",
        ['l'] = "label",
        ['m'] = "memory",
        ['P'] = "publish-all",
        ['p'] = "publish",
        ['q'] = "quiet",
        ['t'] = "tty",
        ['u'] = "user",
        ['v'] = "volume",
        ['w'] = "workdir",
    }.ToFrozenDictionary();

    /// <summary>Options that reach out of the container and take a value, which may follow as a word of its own; of all other unknown ones it follows a <c>=</c>.</summary>
    private static readonly FrozenSet<string> OtherValues = FrozenSet.Create(
        StringComparer.Ordinal,
        "cap-add", "cgroup-conf", "cgroup-parent", "cgroupns", "cgroups", "device", "device-cgroup-rule", "device-read-bps", "device-write-bps", "gidmap", "gpus", "ip", "ipc",
        "link", "mount", "net", "network", "network-alias", "pid", "publish", "runtime", "secret", "security-opt", "sysctl", "uidmap", "userns", "uts", "volume", "volumes-from");

    /// <summary>The options in their order; null with a <paramref name="problem"/>.</summary>
    public static IReadOnlyList<RunOption>? Read(string line, out RunOptionProblem? problem)
    {
        if (ShellWords.Split(line, out var torn) is not { } words)
        {
            problem = new(IsReserved: false, $"Expected options quoted as in a shell: {torn}.");
            return null;
        }

        problem = null;
        var options = new List<RunOption>();
        for (var n = 0; n < words.Count; n++)
        {
            var (name, value) = Parts(words[n]);
            if (name is null)
            {
                problem = new(IsReserved: false, $"Expected an option, given '{words[n]}'; the value of an option that is not well known has to follow a '='.");
                return null;
            }

            if (ReservedValues.Contains(name) || ReservedSwitches.Contains(name) || IsOwnLabel(name, value ?? words.ElementAtOrDefault(n + 1)))
            {
                problem = new(IsReserved: true, $"The option --{name} is BatchPlane's own.");
                return null;
            }

            if (value is null && TakesValue(name))
            {
                if (n + 1 == words.Count)
                {
                    problem = new(IsReserved: false, $"The option --{name} needs a value.");
                    return null;
                }

                value = words[++n];
            }

            options.Add(new(name, value ?? "true"));
        }

        return options;
    }

    /// <summary>True when a node runs it without having been told that it may.</summary>
    public static bool IsPlain(RunOption option)
    {
        ArgumentNullException.ThrowIfNull(option);
        return PlainValues.Contains(option.Name) || PlainSwitches.Contains(option.Name) || option is { Name: "network" or "net", Value: "none" };
    }

    private static bool TakesValue(string name) => PlainValues.Contains(name) || OtherValues.Contains(name);

    private static bool IsOwnLabel(string name, string? value) => name == "label" && value?.StartsWith("batchplane.", StringComparison.Ordinal) == true;

    /// <summary>Name and, where it is in the same word, value. Short options may have theirs right behind them, as in <c>-u1000</c>, but do not come in bundles.</summary>
    private static (string? Name, string? Value) Parts(string word)
    {
        if (word.StartsWith("--", StringComparison.Ordinal))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? word[2..] : word[2..equals];
            return IsName(name) ? (name, equals < 0 ? null : word[(equals + 1)..]) : default;
        }

        if (word.Length < 2 || word[0] != '-' || !Short.TryGetValue(word[1], out var full))
        {
            return default;
        }

        return word.Length == 2 ? (full, null)
            : ReservedSwitches.Contains(full) || OtherSwitches.Contains(full) ? (IsBundle(word) ? full : null, null)
            : (full, word[2] == '=' ? word[3..] : word[2..]);
    }

    // "-it" asks for two things that are refused anyway.
    private static bool IsBundle(string word) => word.Skip(1).All(Short.ContainsKey);

    private static bool IsName(string name) => name.Length > 0 && char.IsAsciiLetter(name[0]) && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-');
}
