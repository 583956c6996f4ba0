using System.Diagnostics;
using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Environments;
using BatchPlane.Server.Api.Authentication;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Nodes;

/// <summary>
/// Makes nodes as agent processes on this host. The processes belong to the installation, not to the server process: they
/// survive its end and are found again by their files.
/// </summary>
internal sealed class LocalNodeProvider(ServerSettings settings, IOptions<NodeOptions> options, JoinToken joinToken, IServer server)
{
    private const string WorkName = "work";

    private readonly string _root = Path.Combine(settings.DataDirectory, "nodes");
    private string? _host;

    /// <summary>Names this host's data directory: which server may look after which local node.</summary>
    internal string Host => _host ??= LoadHost();

    /// <summary>True while the node's agent process lives.</summary>
    internal bool IsAlive(string nodeId) => AgentProcess.FindAlive(DirectoryOf(nodeId)) is not null;

    /// <summary>Nodes that left files on disk and whose agent process does not live.</summary>
    internal IReadOnlyList<string> Silent() =>
        Directory.Exists(_root)
            ? [.. Directory.EnumerateDirectories(_root, EntityId.Node + "*").Select(directory => Path.GetFileName(directory)).Where(nodeId => !IsAlive(nodeId))]
            : [];

    /// <summary>Starts the node's agent. Throws what the system answers when it cannot.</summary>
    internal void Start(string nodeId, MachineFacts facts)
    {
        var program = options.Value.AgentProgram ?? Environment.ProcessPath!;
        var directory = DirectoryOf(nodeId);
        AgentProcess.Start(
            directory,
            program,
            [
                "agent",
                "--server", ServerUrl(),
                "--node-id", nodeId,
                "--slots", facts.Slots.ToString(CultureInfo.InvariantCulture),
                "--dir", Path.Combine(directory, WorkName),
                .. ShellWords.Split(options.Value.AgentArguments, out _)!,
            ],
            new Dictionary<string, string> { ["BATCHPLANE_JOIN_TOKEN"] = joinToken.Value });
    }

    /// <summary>Ends the node's agent at once, if it lives; its instances with it.</summary>
    internal void Kill(string nodeId)
    {
        var directory = DirectoryOf(nodeId);
        KillTree(AgentProcess.FindAlive(directory));
        KillTree(AgentProcess.FindKeeper(Path.Combine(directory, WorkName)));
    }

    /// <summary>Removes what the node left on disk.</summary>
    internal void Forget(string nodeId)
    {
        var directory = DirectoryOf(nodeId);
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
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

    private string ServerUrl()
    {
        var address = server.Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return address
            .Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)
            .Replace("[::]", "127.0.0.1", StringComparison.Ordinal)
            .Replace("//+", "//127.0.0.1", StringComparison.Ordinal)
            .Replace("//*", "//127.0.0.1", StringComparison.Ordinal);
    }

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
}
