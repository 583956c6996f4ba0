using System.ComponentModel.DataAnnotations;
using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Executors.Containers;
using BatchPlane.Agent.Files;
using BatchPlane.Agent.Hosts;
using BatchPlane.Agent.Keeping;
using BatchPlane.Agent.Limits;
using BatchPlane.Agent.Protocol;
using BatchPlane.Agent.Sessions;
using BatchPlane.Agent.Users;
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
    private string? _containerEngine;
    private LimitWay _limits = LimitWay.None;

    /// <summary>An agent that does nothing yet.</summary>
    /// <exception cref="ValidationException">An option is out of range.</exception>
    public NodeAgent(AgentOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        Validator.ValidateObject(options.Containers, new ValidationContext(options.Containers), validateAllProperties: true);
        Validator.ValidateObject(options.Limits, new ValidationContext(options.Limits), validateAllProperties: true);
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
    /// <param name="now">Asks to end at once: what runs is killed and goes to another node, and the server is told if it answers.</param>
    /// <returns>Exit code of the process: <see cref="ExitDone"/>, <see cref="ExitRefused"/> or <see cref="ExitUntold"/>.</returns>
    public async Task<int> RunAsync(CancellationToken stop, CancellationToken now = default)
    {
        try
        {
            await using var directory = WorkDirectory.Open(_options.Directory, _log);
            var finder = new LimitFinder(_options.Limits, directory.Root, KernelGroupFiles.Instance, _time, _log);
            _limits = finder.Find();
            using var staging = new Staging(_options.Files, directory.Packages, _time);
            using var client = new ServerClient(_options, _time);
            using var patience = new ServerPatience(_options.GiveUpAfter, client, _time, _log, stop);
            var exitCode = await RunKeepersAsync(client, staging, directory, finder, new Stops(patience.Stop, now), patience);
            finder.Leave(_limits);
            return exitCode;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            Log.CannotRun(_log, e, _options.Directory);
            return ExitRefused;
        }
    }

    // One turn for each keeper: there is another one only when one died.
    private async Task<int> RunKeepersAsync(ServerClient client, Staging staging, WorkDirectory directory, LimitFinder finder, Stops stops, ServerPatience patience)
    {
        var launcher = new KeeperLauncher(directory.Root, _options.KeeperCommand, _time);
        var nodeId = _options.NodeId;
        while (true)
        {
            var keeper = await launcher.OpenAsync();
            var last = LastSession.From(keeper.Greeting, _options);
            if (last is null && (keeper.Greeting.Session.Length > 0 || keeper.Greeting.Held.Count > 0))
            {
                Log.NotResumed(_log, keeper.Greeting.Held.Count);
                await launcher.EndAsync(keeper);
                keeper = await launcher.OpenAsync();
            }

            using (keeper)
            {
                if (keeper.Greeting.Killed > 0)
                {
                    Log.OrphansKilled(_log, keeper.Greeting.Killed);
                }

                nodeId = last?.Node.NodeId ?? nodeId;
                IReadOnlyList<AdoptedAttempt> adopted = last is null ? [] : AdoptedAttempt.AllOf(keeper);
                finder.Sweep(_limits, adopted.Select(attempt => attempt.Held.Key));
                directory.Clear(adopted.Select(attempt => attempt.Paths));
                if (await RunEpochsAsync(new Epochs(client, keeper, staging, directory, stops, patience), nodeId, last?.Node, adopted) is { } exitCode)
                {
                    await launcher.EndAsync(keeper);
                    return exitCode;
                }
            }

            Log.KeeperLost(_log);
        }
    }

    // Null: the keeper is gone, and with it what ran.
    private async Task<int?> RunEpochsAsync(Epochs with, string? nodeId, JoinResponse? resumed, IReadOnlyList<AdoptedAttempt> adopted)
    {
        var retry = new Backoff(_options.RetryPauseMax, _time);
        var processes = new ProcessExecutor(with.Keeper, _limits, new RunAsUsers(_options.AllowedUsers, Environment.IsPrivilegedProcess));
        using var executor = new AttemptExecutors(processes, await FindContainersAsync(processes, adopted, with.Directory, with.Stops.Leave));
        adopted = [.. adopted.Select(attempt => attempt with { Execution = executor.Adopt(attempt.Launch, attempt.Execution) })];
        while (!with.Keeper.IsLost)
        {
            try
            {
                if ((resumed is null ? await JoinAsync(with.Client, nodeId, retry, with.Stops.Leave) : Resume(with.Client, resumed, adopted)) is not { } node)
                {
                    return ExitRefused;
                }

                nodeId = node.NodeId;
                with.Keeper.Remember(TimeSpan.FromSeconds(node.LeaseSeconds), LastSession.Of(_options, node).ToBytes());
                var began = _time.GetTimestamp();
                using var session = new NodeSession(_options, node, resumed is null ? null : adopted, with.Client, executor, with.Staging, with.Directory, _time, _log);
                resumed = null;
                with.Patience.Watch(session);
                var end = await session.RunAsync(with.Stops);
                with.Patience.Watch(null);
                Log.Ended(_log, nodeId, node.Epoch, end);
                if (end is SessionEnd.Left or SessionEnd.LeftUntold)
                {
                    return end == SessionEnd.Left ? ExitDone : ExitUntold;
                }

                if (_time.GetElapsedTime(began) < ShortEpoch)
                {
                    await retry.PauseAsync(with.Stops.Leave);
                }
            }
            catch (OperationCanceledException) when (with.Stops.Leave.IsCancellationRequested)
            {
                // Ends while not joined: there is nothing to hand over.
                return with.Patience.IsOver ? ExitUntold : ExitDone;
            }
        }

        return null;
    }

    private JoinResponse Resume(ServerClient client, JoinResponse node, IReadOnlyList<AdoptedAttempt> adopted)
    {
        client.Resume(node);
        Log.Resumed(_log, node.NodeId, node.EnvId, node.Epoch, adopted.Count);
        return node;
    }

    // Before the agent joins: what an earlier one left may not run on beside it, and the server is told whether there is an engine.
    private async Task<ContainerExecutor?> FindContainersAsync(ProcessExecutor processes, IReadOnlyList<AdoptedAttempt> adopted, WorkDirectory work, CancellationToken stop)
    {
        try
        {
            var engine = await ContainerEngine.FindAsync(_options.Containers, work.Root, _time, _log, stop);
            if (engine is null || !await engine.SweepAsync([.. adopted.Select(attempt => ContainerExecutor.NameOf(engine, attempt.Launch))], stop))
            {
                return null;
            }

            await RemoveForeignAsync(engine, work);
            _containerEngine = engine.Name;
            return new ContainerExecutor(engine, processes, Path.Combine(work.Root, "logins"), new NodeRoots(_options.Files), _time, _log);
        }
        catch (OperationCanceledException)
        {
            // Asked to end before it began.
            return null;
        }
    }

    // What containers of an earlier agent wrote may be of users whose files only the engine can give back.
    private static async Task RemoveForeignAsync(ContainerEngine engine, WorkDirectory work)
    {
        var left = engine.MapsUsers ? work.Leftovers() : [];
        foreach (var directory in left)
        {
            // Why not is told when it cannot be removed.
            _ = await ContainerUser.TakeBackAsync(engine, directory);
        }

        if (left.Count > 0)
        {
            work.RemoveLeftovers();
        }
    }

    // Tries for as long as the server cannot be reached; null: it refuses this agent.
    private async Task<JoinResponse?> JoinAsync(ServerClient client, string? nodeId, Backoff retry, CancellationToken stop)
    {
        var request = new JoinRequest
        {
            JoinId = Guid.NewGuid().ToString("N"),
            NodeId = nodeId,
            Env = _options.Env,
            HostName = HostFacts.HostName,
            Cpu = _options.Cpu,
            Mem = HostFacts.MemoryGib,
            MemoryMib = _options.MemoryMib,
            Slots = _options.Slots,
            ContainerEngine = _containerEngine,
            Limits = _limits.Name,
            AgentVersion = HostFacts.AgentVersion,
            Directory = Path.GetFullPath(_options.Directory),
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

    private sealed record Epochs(ServerClient Client, KeeperClient Keeper, Staging Staging, WorkDirectory Directory, Stops Stops, ServerPatience Patience);

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

        [LoggerMessage(6040, LogLevel.Information, "Goes on as {NodeId} of {EnvId}, epoch {Epoch}, with {Attempts} attempts that an earlier agent started")]
        internal static partial void Resumed(ILogger logger, string nodeId, string envId, long epoch, int attempts);

        [LoggerMessage(6041, LogLevel.Warning, "An earlier agent of this directory was another node or gave up its work: killing what it left, {Attempts} attempts")]
        internal static partial void NotResumed(ILogger logger, int attempts);

        [LoggerMessage(6042, LogLevel.Warning, "The keeper of this agent is gone, and with it what ran: joining again")]
        internal static partial void KeeperLost(ILogger logger);

        [LoggerMessage(6030, LogLevel.Warning, "Killed {Count} processes that an earlier keeper of this directory left running")]
        internal static partial void OrphansKilled(ILogger logger, int count);

        [LoggerMessage(6008, LogLevel.Error, "The agent cannot run here; its directory is {Directory}, and only one agent may use it")]
        internal static partial void CannotRun(ILogger logger, Exception e, string directory);
    }
}
