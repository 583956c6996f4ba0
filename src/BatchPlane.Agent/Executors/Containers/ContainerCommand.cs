using System.Globalization;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Executors.Containers;

/// <summary>What makes the container of an attempt: arguments of the engine's <c>create</c>, and variables for its program.</summary>
/// <param name="Arguments">Verb and what follows.</param>
/// <param name="Mounts">Directories of the node that have to be there, beside those of the attempt.</param>
/// <param name="Variables">Names and values that the program passes on: values do not stand among the arguments, which everybody on the machine can see.</param>
internal sealed record ContainerCommand(IReadOnlyList<string> Arguments, IReadOnlyList<NodeMount> Mounts, IReadOnlyDictionary<string, string> Variables)
{
    private const string Shell = "/bin/sh";

    // Variables that mean something to the engine's program, or to what loads it: given to it they would change what it does, so that these stand
    // among the arguments after all.
    private static readonly string[] MeaningfulNames =
    [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "LANGUAGE", "TZ", "TERM", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY",
        "NOTIFY_SOCKET", "LOCPATH", "NLSPATH", "MALLOC_CHECK_", "RES_OPTIONS", "LOCALDOMAIN", "HOSTALIASES", "TMP", "ZONEINFO",
    ];

    private static readonly string[] MeaningfulPrefixes =
    [
        "DOCKER_", "BUILDKIT_", "COMPOSE_", "CONTAINER", "PODMAN_", "BUILDAH_", "_CONTAINERS_", "XDG_", "DBUS_", "REGISTRY_", "STORAGE_", "SSL_", "LD_", "LC_", "GO", "GLIBC_", "LISTEN_",
        "SSH_", "OTEL_", "CNI_", "NETAVARK_", "SYSTEMD_", "MOBY_", "CGO_", "GPG", "GNUPG", "TMPDIR", "NIX_",
    ];

    /// <summary>The command for an attempt; null with a <paramref name="failure"/> when this node does not allow what it asks for.</summary>
    internal static ContainerCommand? For(Launch launch, string name, ContainerEngine engine, out string? failure)
    {
        var run = launch.Claim.Run;
        var docker = run.Docker!;
        if (Options(docker, engine.Options, out failure) is not { } options || NodeMounts.Of(run.Files, out failure) is not { } mounts)
        {
            return null;
        }

        // Podman does not print the id of a container that gets the attempt's files as its outputs.
        var arguments = new List<string> { "create", "--pull=never", "--name", name, $"--cidfile={IdFile(launch.Paths)}" };
        arguments.AddRange(ShellWords.Split(engine.Options.RunArguments, out _)!);
        arguments.AddRange(options.Select(option => option.Argument));
        arguments.AddRange(Labels(launch, engine));
        arguments.AddRange(Limits(run.Resources, engine.Options, options));
        arguments.Add($"--volume={launch.Paths.Directory}:{launch.Paths.Directory}{ContainerUser.MountOption(engine)}");
        arguments.Add($"--volume={launch.Paths.Progress}:{launch.Paths.Progress}{ContainerUser.MountOption(engine)}");
        arguments.AddRange(mounts.Select(mount => mount.Argument));
        arguments.Add($"--workdir={launch.Paths.Directory}");
        arguments.Add($"--log-driver={(engine.WritesStraightToFiles ? "passthrough" : "none")}");

        // What the image itself would start is not asked for: a task says what it runs.
        arguments.Add("--entrypoint=");
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (variable, value) in AttemptEnvironment.OfTask(launch))
        {
            if (MeansSomething(variable))
            {
                arguments.Add($"--env={variable}={value}");
            }
            else
            {
                arguments.Add($"--env={variable}");
                variables[variable] = value;
            }
        }

        arguments.Add(docker.Image);
        arguments.AddRange(run.Argv is { Count: > 0 } argv ? argv : [Shell, "-c", run.Command ?? ""]);
        return new(arguments, mounts, variables);
    }

    /// <summary>Where the engine writes the id of the container; not there before.</summary>
    internal static string IdFile(AttemptPaths paths) => paths.Progress + ".cid";

    private static IReadOnlyList<RunOption>? Options(DockerDocument docker, ContainerOptions allowed, out string? failure)
    {
        failure = null;
        if (docker.DockerRunOption is not { } line)
        {
            return [];
        }

        if (RunOptions.Read(line, out var problem) is not { } options)
        {
            failure = $"docker_run_option: {problem!.Message}";
            return null;
        }

        var refused = options.FirstOrDefault(option =>
            !RunOptions.IsPlain(option) && !allowed.Allowed.Contains(ContainerOptions.AllowAll) && !allowed.Allowed.Contains(option.Name));
        if (refused is not null)
        {
            failure = $"docker_run_option: this node does not allow --{refused.Name}; its agent would have to be started with --container-allow {refused.Name}";
            return null;
        }

        return options;
    }

    private static IEnumerable<string> Labels(Launch launch, ContainerEngine engine) =>
    [
        $"--label={engine.Label}",
        $"--label=batchplane.job={launch.Claim.JobId}",
        $"--label=batchplane.task={launch.Claim.TaskName}",
        string.Create(CultureInfo.InvariantCulture, $"--label=batchplane.instance={launch.Index}"),
        string.Create(CultureInfo.InvariantCulture, $"--label=batchplane.attempt={launch.Attempt}"),
    ];

    // Without a ceiling of its own for swap, a container may take as much of it again as it has memory.
    private static IEnumerable<string> Limits(ResourcesDocument? resources, ContainerOptions options, IReadOnlyList<RunOption> asked)
    {
        if (options.PidsLimit > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"--pids-limit={options.PidsLimit}");
        }

        if (resources?.Cpu is { } cpu)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"--cpus={cpu}");
        }

        if (resources?.MemoryMib is { } memory)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"--memory={memory}m");
            if (!asked.Any(option => option.Name == "memory-swap"))
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"--memory-swap={memory}m");
            }
        }
    }

    private static bool MeansSomething(string variable) =>
        MeaningfulNames.Contains(variable, StringComparer.OrdinalIgnoreCase)
        || Array.Exists(MeaningfulPrefixes, prefix => variable.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
}
