using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using BatchPlane.Agent.Files;
using BatchPlane.Contracts;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent.Executors.Containers;

/// <summary>
/// Runs attempts in containers. To prepare one means to have its image and to make the container; to start one means to run <c>start --attach</c> of the engine's program as
/// the attempt's process, with the attempt's files as its outputs: its end is the end of the container, and SIGTERM goes through it.
/// </summary>
/// <remarks>
/// The container's name says which attempt it is of, and its labels of which agent, before anything runs in it: an agent that dies at any
/// moment leaves nothing that the next one of its directory does not find.
/// </remarks>
internal sealed class ContainerExecutor : IAttemptExecutor
{
    private const uint OwnerOnly = 0x1C0; // 0700

    private readonly ContainerEngine _engine;
    private readonly IAttemptExecutor _processes;
    private readonly ImageStore _images;
    private readonly NodeRoots _roots;
    private readonly ILogger _log;
    private readonly ContainerMeter _meter;

    // Ids of containers that are made and not started.
    private readonly ConcurrentDictionary<string, string> _made = new(StringComparer.Ordinal);

    /// <param name="engine">The engine.</param>
    /// <param name="processes">Starts the engine's program; not disposed here.</param>
    /// <param name="loginRoot">Directory for files with passwords, made anew.</param>
    /// <param name="roots">Which directories of the node may be mounted.</param>
    /// <param name="time">For pauses.</param>
    /// <param name="log">For containers that cannot be removed.</param>
    /// <exception cref="IOException">The directory cannot be made.</exception>
    internal ContainerExecutor(ContainerEngine engine, IAttemptExecutor processes, string loginRoot, NodeRoots roots, TimeProvider time, ILogger log)
    {
        if (Directory.Exists(loginRoot))
        {
            Directory.Delete(loginRoot, recursive: true);
        }

        if (Native.MakeDirectory(loginRoot, OwnerOnly) != 0)
        {
            throw new IOException($"{loginRoot}: {Native.Describe(Marshal.GetLastPInvokeError())}");
        }

        _engine = engine;
        _processes = processes;
        _roots = roots;
        _images = new ImageStore(engine, loginRoot, time);
        _meter = new ContainerMeter(ContainerGroups.OfThisMachine(), time);
        _log = log;
    }

    public Task<StartResult?>? Prepare(Launch launch, CancellationToken kill) => PrepareAsync(launch, kill);

    public StartResult Start(Launch launch)
    {
        var name = NameOf(_engine, launch);
        _made.TryRemove(name, out var id);
        var started = _processes.Start(launch with { Argv = _engine.Client.Argv("start", "--attach", name), Environment = EngineClient.Environment });
        if (started.Execution is { } client)
        {
            return StartResult.Began(new ContainerExecution(client, _engine, name, launch, _meter.Watch(id), _log));
        }

        _ = Task.Run(() => _engine.RemoveAsync(name));
        return started;
    }

    public IExecution Adopt(Launch launch, IExecution execution)
    {
        var name = NameOf(_engine, launch);
        var metered = _meter.Watch(null);
        _ = Task.Run(() => NameAsync(metered, name));
        return new ContainerExecution(execution, _engine, name, launch, metered, _log);
    }

    /// <summary>Name of an attempt's container. The claim makes it unique: no attempt is granted twice, and no claim has the number of another.</summary>
    internal static string NameOf(ContainerEngine engine, Launch launch) => string.Create(
        CultureInfo.InvariantCulture, $"batchplane-{engine.AgentId}-{launch.Claim.TaskId}.{launch.Index}.{launch.Attempt}-{launch.Claim.ClaimId}");

    public void Dispose() => _meter.Dispose();

    private static async Task<string> TakeIdAsync(AttemptPaths paths)
    {
        var file = ContainerCommand.IdFile(paths);
        var id = await File.ReadAllTextAsync(file, CancellationToken.None);
        File.Delete(file);
        return id.Trim();
    }

    private async Task NameAsync(MeteredContainer metered, string name)
    {
        var answer = await _engine.Client.CallAsync(["inspect", "--type", "container", "--format", "{{.Id}}", name], _engine.Options.CommandTimeout, CancellationToken.None);
        metered.Id = answer.IsOk ? answer.Output : null;
    }

    private async Task<StartResult?> PrepareAsync(Launch launch, CancellationToken kill)
    {
        var name = NameOf(_engine, launch);
        if (ContainerCommand.For(launch, name, _engine, out var failure) is not { } command)
        {
            return StartResult.Failed(failure!);
        }

        try
        {
            if (await _images.EnsureAsync(launch.Claim.Run.Docker!, kill) is { } problem)
            {
                return StartResult.Failed(problem, AttemptOutcome.ImagePullFailed);
            }

            // The command finds it empty, instead of making it: a file can only be mounted when it is there.
            await File.Create(launch.Paths.Progress).DisposeAsync();
            foreach (var mount in command.Mounts)
            {
                // Not through links: a container that writes below a root could lead the mount of the next one anywhere.
                _roots.Open(launch.Claim.Run, mount.Path, makes: true).Dispose();
            }

            var made = await _engine.Client.CallAsync(command.Arguments, _engine.Options.CommandTimeout, kill, command.Variables);
            if (made.IsOk)
            {
                await ContainerUser.GiveAsync(_engine, name, launch.Paths, kill);
                _made[name] = await TakeIdAsync(launch.Paths);
                return null;
            }

            _images.Forget(launch.Claim.Run.Docker!.Image);
            File.Delete(ContainerCommand.IdFile(launch.Paths));
            await _engine.RemoveAsync(name);
            return StartResult.Failed($"the container could not be made: {made.Words}");
        }
        catch (StagingException refused)
        {
            return StartResult.Failed(refused.Message);
        }
        catch (OperationCanceledException)
        {
            // Killed in the middle of it, the engine may have made it all the same.
            File.Delete(ContainerCommand.IdFile(launch.Paths));
            await _engine.RemoveAsync(name);
            return StartResult.Failed("ended before its container was started");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await _engine.RemoveAsync(name);
            return StartResult.Failed($"the container could not be made: {e.Message}");
        }
    }
}
