using System.ComponentModel.DataAnnotations;
using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Files;
using BatchPlane.Agent.Hosts;
using BatchPlane.Agent.Protocol;
using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent;

/// <summary>
/// The agent of one node: joins the server, runs what it is given, reports, and joins again when the server gave the node up.
/// Knows nothing but the server's URL and the join token.
/// </summary>
public sealed partial class NodeAgent
{
    /// <summary>Result of <see cref="RunAsync"/>: stopped or drained, everything told.</summary>
    public const int ExitDone = 0;

    /// <summary>Result of <see cref="RunAsync"/>: the server refuses this agent, or this machine cannot run it; the log says why. Starting it again unchanged does not help.</summary>
    public const int ExitRefused = 1;

    /// <summary>Result of <see cref="RunAsync"/>: stopped while the server could not be reached; it will learn by the lease.</summary>
    public const int ExitUntold = 5;

    private static readonly TimeSpan ShortEpoch = TimeSpan.FromSeconds(5);

    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    /// <summary>An agent that does nothing yet.</summary>
    /// <exception cref="ValidationException">An option is out of range.</exception>
    public NodeAgent(AgentOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        Validator.ValidateObject(options.Files, new ValidationContext(options.Files), validateAllProperties: true);
        _options = options;
        _time = time;
        _log = loggers.CreateLogger<NodeAgent>();
    }

    /// <summary>Runs until stopped, drained by the server, or refused.</summary>
    /// <param name="stop">
    /// Asks the agent to end: it takes nothing new, gives back what it did not start, lets running attempts finish for
    /// <see cref="AgentOptions.DrainTimeout"/>, tells everything and leaves. This takes that time at most, plus the kill grace and
    /// twice <see cref="AgentOptions.DeliveryTimeout"/>.
    /// </param>
    /// <returns>Exit code of the process: <see cref="ExitDone"/>, <see cref="ExitRefused"/> or <see cref="ExitUntold"/>.</returns>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        try
        {
            await using var directory = WorkDirectory.Open(_options.Directory, _log);
            using var executor = new ProcessExecutor(directory.Ledger);
            using var staging = new Staging(_options.Files, directory.Packages, _time);
            using var client = new ServerClient(_options, _time);
            using var patience = new ServerPatience(_options.GiveUpAfter, client, _time, _log, stop);
            return await RunEpochsAsync(client, executor, staging, directory, patience);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            Log.CannotRun(_log, e, _options.Directory);
            return ExitRefused;
        }
    }

    private async Task<int> RunEpochsAsync(ServerClient client, ProcessExecutor executor, Staging staging, WorkDirectory directory, ServerPatience patience)
    {
        var stop = patience.Stop;
        var nodeId = _options.NodeId;
        var retry = new Backoff(_options.RetryPauseMax, _time);
        while (true)
        {
            try
            {
                if (await JoinAsync(client, nodeId, retry, stop) is not { } node)
                {
                    return ExitRefused;
                }

                nodeId = node.NodeId;
                var began = _time.GetTimestamp();
                using var session = new NodeSession(_options, node, client, executor, staging, directory, _time, _log);
                patience.Watch(session);
                var end = await session.RunAsync(stop);
                patience.Watch(null);
                Log.Ended(_log, nodeId, node.Epoch, end);
                if (end != SessionEnd.Fenced)
                {
                    return end == SessionEnd.Left ? ExitDone : ExitUntold;
                }

                if (_time.GetElapsedTime(began) < ShortEpoch)
                {
                    await retry.PauseAsync(stop);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Ends while not joined: there is nothing to hand over.
                return patience.IsOver ? ExitUntold : ExitDone;
            }
        }
    }

    // Tries for as long as the server cannot be reached; null: it refuses this agent.
    private async Task<JoinResponse?> JoinAsync(ServerClient client, string? nodeId, Backoff retry, CancellationToken stop)
    {
        var request = new JoinRequest
        {
            NodeId = nodeId,
            Env = _options.Env,
            HostName = HostFacts.HostName,
            Cpu = _options.Cpu,
            Mem = HostFacts.MemoryGib,
            MemoryMib = _options.MemoryMib,
            Slots = _options.Slots,
            AgentVersion = HostFacts.AgentVersion,
        };
        for (var tries = 1; ; tries++)
        {
            stop.ThrowIfCancellationRequested();
            var answer = await client.JoinAsync(request, stop);
            if (answer.Kind == AnswerKind.Ok)
            {
                retry.Reset();
                Log.Joined(_log, answer.Body!.NodeId, answer.Body.EnvId, answer.Body.Epoch, _options.Slots);
                return answer.Body;
            }

            if (answer.Kind != AnswerKind.Unavailable)
            {
                Log.JoinRefused(_log, _options.ServerUrl, answer.Detail);
                return null;
            }

            if (tries == 1)
            {
                Log.JoinFailed(_log, _options.ServerUrl, answer.Detail);
            }

            await retry.PauseAsync(stop);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(6000, LogLevel.Information, "Joined as {NodeId} of {EnvId}, epoch {Epoch}, {Slots} slots")]
        internal static partial void Joined(ILogger logger, string nodeId, string envId, long epoch, int slots);

        [LoggerMessage(6001, LogLevel.Information, "{NodeId}, epoch {Epoch}: {End}")]
        internal static partial void Ended(ILogger logger, string nodeId, long epoch, SessionEnd end);

        [LoggerMessage(6002, LogLevel.Warning, "{ServerUrl} cannot be reached ({Detail}); trying until it can")]
        internal static partial void JoinFailed(ILogger logger, Uri serverUrl, string detail);

        [LoggerMessage(6007, LogLevel.Error, "{ServerUrl} refuses this agent; check the join token, the node and the environment: {Detail}")]
        internal static partial void JoinRefused(ILogger logger, Uri serverUrl, string detail);

        [LoggerMessage(6008, LogLevel.Error, "The agent cannot run here; its directory is {Directory}, and only one agent may use it")]
        internal static partial void CannotRun(ILogger logger, Exception e, string directory);
    }
}
