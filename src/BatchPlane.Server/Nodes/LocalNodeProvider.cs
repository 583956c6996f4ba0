using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Environments;
using BatchPlane.Server.Api.Authentication;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Nodes;

/// <summary>
/// Makes nodes as agent processes on this host. The processes belong to the installation, not to the server process: they
/// survive its end and are found again by their files.
/// </summary>
internal sealed partial class LocalNodeProvider(ServerSettings settings, IOptions<NodeOptions> options, JoinToken joinToken, IServer server, ILogger<LocalNodeProvider> logger) : INodeProvider
{
    private const string WorkName = "work";
    private const int MibPerGib = 1_024;

    private readonly string _root = Path.Combine(settings.DataDirectory, "nodes");
    private readonly ConcurrentDictionary<string, bool> _stuck = new(StringComparer.Ordinal);
    private string? _host;

    /// <inheritdoc/>
    public NodeProvider Kind => NodeProvider.Local;

    /// <inheritdoc/>
    public string Host => _host ??= LoadHost();

    /// <inheritdoc/>
    public MachineFacts Facts(EnvironmentRecord environment)
    {
        var facts = LocalMachine.Facts(environment.SlotsPerNode);
        facts = environment.CpuPerNode is { } cpu ? facts with { Cpu = cpu } : facts;
        return environment.MemoryMibPerNode is { } memory ? facts with { MemoryGib = Math.Max(1, memory / MibPerGib), MemoryMib = memory } : facts;
    }

    /// <inheritdoc/>
    public Task<MachineViews> LookAsync(string envId, IReadOnlyList<string> nodeIds, CancellationToken cancellationToken) => Task.FromResult(new MachineViews(
        nodeIds.ToDictionary(nodeId => nodeId, nodeId => IsAlive(nodeId) ? MachinePresence.Alive : MachinePresence.Absent, StringComparer.Ordinal),
        Silent(nodeIds)));

    /// <inheritdoc/>
    public Task<IReadOnlyList<StartOutcome>> StartAsync(string envId, IReadOnlyList<string> nodeIds, MachineFacts facts, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<StartOutcome>>([.. nodeIds.Select(nodeId => new StartOutcome(nodeId, Start(nodeId, facts)))]);

    /// <inheritdoc/>
    public Task StopAsync(IReadOnlyList<string> nodeIds, CancellationToken cancellationToken)
    {
        foreach (var nodeId in nodeIds)
        {
            Kill(nodeId);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task ForgetAsync(IReadOnlyList<string> nodeIds, CancellationToken cancellationToken)
    {
        foreach (var nodeId in nodeIds)
        {
            // The keeper outlives an agent that died.
            Kill(nodeId);
        }

        foreach (var directory in nodeIds.Select(DirectoryOf).Where(Directory.Exists))
        {
            Remove(directory);
        }

        return Task.CompletedTask;
    }

    /// <summary>Once told, a directory that cannot be removed is tried again with each look and keeps nobody else's from going.</summary>
    private void Remove(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
            _stuck.TryRemove(directory, out _);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (_stuck.TryAdd(directory, true))
            {
                Log.CannotRemove(logger, directory, fault.Message);
            }
        }
    }

    private bool IsAlive(string nodeId) => AgentProcess.FindAlive(DirectoryOf(nodeId)) is not null;

    /// <summary>Nodes that left files on disk, whose agent process does not live and which nobody asked about.</summary>
    private List<string> Silent(IReadOnlyList<string> asked) => Directory.Exists(_root)
        ? [.. Directory.EnumerateDirectories(_root, EntityId.Node + "*").Select(directory => Path.GetFileName(directory)).Except(asked, StringComparer.Ordinal).Where(nodeId => !IsAlive(nodeId))]
        : [];

    /// <summary>Starts the node's agent unless it lives; why it could not, null when it could.</summary>
    private string? Start(string nodeId, MachineFacts facts)
    {
        try
        {
            if (!IsAlive(nodeId))
            {
                Launch(nodeId, facts);
            }

            return null;
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or System.ComponentModel.Win32Exception or UnauthorizedAccessException)
        {
            return exception.Message;
        }
    }

    private void Launch(string nodeId, MachineFacts facts)
    {
        var program = options.Value.AgentProgram ?? Environment.ProcessPath!;
        var directory = DirectoryOf(nodeId);
        AgentProcess.Start(
            directory,
            program,
            [
                "agent",
                "--server", ServerAddress.Own(server),
                "--node-id", nodeId,
                "--slots", facts.Slots.ToString(CultureInfo.InvariantCulture),
                "--cpu", facts.Cpu.ToString(CultureInfo.InvariantCulture),
                "--memory-mib", facts.MemoryMib.ToString(CultureInfo.InvariantCulture),
                "--dir", Path.Combine(directory, WorkName),
                .. ShellWords.Split(options.Value.AgentArguments, out _)!,
            ],
            new Dictionary<string, string> { ["BATCHPLANE_JOIN_TOKEN"] = joinToken.Value });
    }

    private void Kill(string nodeId)
    {
        var directory = DirectoryOf(nodeId);
        KillTree(AgentProcess.FindAlive(directory));
        KillTree(AgentProcess.FindKeeper(Path.Combine(directory, WorkName)));
    }

    private static void KillTree(AgentProcess? found)
    {
        if (found is null)
        {
            return;
        }

        try
        {
            using var process = Process.GetProcessById(found.Pid);
            process.Kill(entireProcessTree: true);
        }
        catch (ArgumentException)
        {
            // It ended by itself in between.
        }
    }

    private string DirectoryOf(string nodeId) => Path.Combine(_root, nodeId);

    private string LoadHost()
    {
        Directory.CreateDirectory(_root);
        var path = Path.Combine(_root, "host.id");
        if (!File.Exists(path))
        {
            File.WriteAllText(path, EntityId.New("host-"));
        }

        return File.ReadAllText(path).Trim();
    }

    private static partial class Log
    {
        [LoggerMessage(3052, LogLevel.Warning, "The directory {Directory} of a node that is gone cannot be removed ({Reason}); it is tried again")]
        internal static partial void CannotRemove(ILogger logger, string directory, string reason);
    }
}
