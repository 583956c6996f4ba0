using System.Security.Cryptography;
using System.Text;
using BatchPlane.Contracts;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent.Executors.Containers;

/// <summary>
/// The engine of this node, as it was found when the agent started. Knows where <c>podman</c> and <c>docker</c> differ; nothing else does.
/// </summary>
internal sealed partial class ContainerEngine
{
    private const string AgentLabel = "batchplane.agent";
    private const int FirstPodmanWithPassthrough = 4;
    private static readonly string[] Known = ["podman", "docker"];

    // Of podman: its users are those of a user of the machine; of docker: the same, or all containers have users of their own.
    private static readonly string[] SignsOfMappedUsers = ["true", "name=rootless", "name=userns"];

    private readonly EngineClient _client;
    private readonly ContainerOptions _options;
    private readonly ILogger _log;

    private ContainerEngine(EngineClient client, ContainerOptions options, string directory, bool isPodman, string version, bool mapsUsers, ILogger log)
    {
        _client = client;
        _options = options;
        _log = log;
        IsPodman = isPodman;
        MapsUsers = mapsUsers;
        Name = $"{(isPodman ? "podman" : "docker")} {version}";
        WritesStraightToFiles = isPodman && int.TryParse(version.Split('.')[0], out var major) && major >= FirstPodmanWithPassthrough;
        AgentId = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(directory)))[..12];
    }

    /// <summary>Engine and version, as the server shows it: <c>podman 4.3.1</c>.</summary>
    internal string Name { get; }

    internal bool IsPodman { get; }

    /// <summary>True when a user of a container has another number outside of it.</summary>
    internal bool MapsUsers { get; }

    /// <summary>True when the container gets the attempt's files as its outputs; else the engine's client copies what the container writes.</summary>
    internal bool WritesStraightToFiles { get; }

    /// <summary>Tells this agent's containers from those of others on the same engine; the same for every agent of this directory.</summary>
    internal string AgentId { get; }

    internal EngineClient Client => _client;

    internal ContainerOptions Options => _options;

    /// <summary>Labels that every container of this agent has.</summary>
    internal string Label => $"{AgentLabel}={AgentId}";

    /// <summary>Looks for the engine and whether it answers; null: there is none, and the log says why where one was expected.</summary>
    /// <param name="options">Which one.</param>
    /// <param name="directory">The agent's directory, absolute: it names the agent, and containers mount parts of it.</param>
    /// <param name="time">For the limits.</param>
    /// <param name="log">For the result.</param>
    /// <param name="stop">Ends the look early.</param>
    internal static async Task<ContainerEngine?> FindAsync(ContainerOptions options, string directory, TimeProvider time, ILogger log, CancellationToken stop)
    {
        if (options.Engine == ContainerOptions.NoEngine)
        {
            return null;
        }

        var isAuto = options.Engine == ContainerOptions.AutoEngine;
        foreach (var candidate in isAuto ? Known : [options.Engine])
        {
            var (engine, problem) = await TryAsync(candidate, options, directory, time, log, stop);
            if (engine is not null)
            {
                Log.Found(log, engine.Name, engine._client.Program);
                return engine;
            }

            // One that is not installed is nobody's mistake unless it was named.
            if (problem is not null || !isAuto)
            {
                Log.Unusable(log, candidate, problem ?? "there is no such program");
            }
        }

        return null;
    }

    /// <summary>Removes what an earlier agent of this directory left, running or not. False: the engine would not.</summary>
    /// <param name="adopted">Names of containers that this agent goes on with.</param>
    /// <param name="stop">Ends it early.</param>
    internal async Task<bool> SweepAsync(IReadOnlyCollection<string> adopted, CancellationToken stop)
    {
        var list = await _client.CallAsync(["ps", "--all", "--format", "{{.Names}}", "--filter", $"label={Label}"], _options.CommandTimeout, stop);
        if (!list.IsOk)
        {
            Log.NotSwept(_log, list.Words);
            return false;
        }

        var left = list.Output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Except(adopted, StringComparer.Ordinal).ToList();
        foreach (var container in left)
        {
            if (await RemoveAsync(container) is { } problem)
            {
                Log.NotSwept(_log, problem);
                return false;
            }
        }

        if (left.Count > 0)
        {
            Log.Swept(_log, left.Count);
        }

        return true;
    }

    /// <summary>Kills and removes a container, whatever it does. Null: it is gone, or never was; else why it is not, in words.</summary>
    internal async Task<string?> RemoveAsync(string container)
    {
        // Podman would ask the container to end first and wait.
        string[] arguments = IsPodman ? ["rm", "--force", "--volumes", "--time", "0", container] : ["rm", "--force", "--volumes", container];
        var removed = await _client.CallAsync(arguments, _options.CommandTimeout, CancellationToken.None);
        return removed.IsOk || removed.Error.Contains("no such container", StringComparison.OrdinalIgnoreCase) ? null : removed.Words;
    }

    private static async Task<(ContainerEngine? Engine, string? Problem)> TryAsync(
        string candidate, ContainerOptions options, string directory, TimeProvider time, ILogger log, CancellationToken stop)
    {
        var program = ProgramLookup.Find(candidate, EngineClient.Environment["PATH"], "/", out _);
        if (program is null || !File.Exists(program))
        {
            return default;
        }

        if (directory.Contains(':', StringComparison.Ordinal))
        {
            return (null, $"the agent's directory {directory} has a colon in its name and cannot be mounted");
        }

        // One program may pose as the other, so it is asked who it is.
        var client = new EngineClient(program, ["--log-level=error", .. ShellWords.Split(options.EngineArguments, out _)!], time);
        var who = await client.CallAsync(["--version"], options.ProbeTimeout, stop);
        var isPodman = who.Output.StartsWith("podman", StringComparison.OrdinalIgnoreCase);
        var asked = isPodman ? "{{.Version.Version}} {{.Host.Security.Rootless}}" : "{{.ServerVersion}} {{.SecurityOptions}}";
        var info = await client.CallAsync(["info", "--format", asked], options.ProbeTimeout, stop);
        return info.IsOk && info.Output.Split(' ', 2) is [{ Length: > 0 } version, var security]
            ? (new(client, options, directory, isPodman, version, SignsOfMappedUsers.Any(sign => security.Contains(sign, StringComparison.Ordinal)), log), null)
            : (null, info.Words);
    }

    private static partial class Log
    {
        [LoggerMessage(6060, LogLevel.Information, "Runs containers with {Engine} ({Program})")]
        internal static partial void Found(ILogger logger, string engine, string program);

        [LoggerMessage(6061, LogLevel.Warning, "No containers with {Engine}: {Problem}")]
        internal static partial void Unusable(ILogger logger, string engine, string problem);

        [LoggerMessage(6062, LogLevel.Warning, "Removed {Count} containers that an earlier agent of this directory left")]
        internal static partial void Swept(ILogger logger, int count);

        [LoggerMessage(6063, LogLevel.Error, "Containers that an earlier agent left cannot be removed, so none are run: {Problem}")]
        internal static partial void NotSwept(ILogger logger, string problem);
    }
}
