using System.Globalization;
using System.Text;
using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent.Executors.Containers;

/// <summary>
/// An attempt whose container was started: the engine's client, which is a process as that of any other attempt, and the container behind it. When the client ends, the container
/// is removed before the end is told, so that nothing of it runs any more, whatever became of the client.
/// </summary>
internal sealed partial class ContainerExecution(IExecution client, ContainerEngine engine, string name, Launch launch, MeteredContainer metered, ILogger log) : IExecution, IExitListener
{
    private const int TailBytes = 4_096;
    private const int KilledExitCode = 137;
    private const string NeverStarted = "0001-01-01";

    private IExitListener? _listener;

    public void Watch(IExitListener listener)
    {
        _listener = listener;
        client.Watch(this);
    }

    public void Signal(EndSignal signal) => Signal(signal, KillCause.None);

    public void Signal(EndSignal signal, KillCause cause)
    {
        if (signal == EndSignal.Terminate)
        {
            // The client passes it on to the container's first process.
            client.Signal(signal, cause);
        }
        else
        {
            _ = Task.Run(() => KillAsync(cause));
        }
    }

    public void Bookmark(ReadOnlySpan<byte> mark) => client.Bookmark(mark);

    public void Forget() => client.Forget();

    void IExitListener.Exited(ExitStatus status) => _ = Task.Run(() => FinishAsync(status));

    private async Task KillAsync(KillCause cause)
    {
        await RemoveAsync();
        client.Signal(EndSignal.Kill, cause);
    }

    private async Task FinishAsync(ExitStatus status)
    {
        try
        {
            // What the client used is nobody's business.
            var used = metered.End();
            var told = (await JudgeAsync(status, used)) with { Usage = used?.Usage };
            await RemoveAsync();
            await TakeBackAsync();
            _listener!.Exited(told);
        }
        catch (Exception e)
        {
            // Nobody awaits this, and an attempt whose end is never told would be held for ever.
            Log.NotJudged(log, e, name);
            _listener!.Exited(status with { Usage = null });
        }
    }

    private async Task RemoveAsync()
    {
        if (await engine.RemoveAsync(name) is { } problem)
        {
            Log.NotRemoved(log, name, problem);
        }
    }

    private async Task TakeBackAsync()
    {
        if (await ContainerUser.TakeBackAsync(engine, launch.Paths.Directory) is { } problem)
        {
            Log.NotTakenBack(log, launch.Paths.Directory, problem);
        }
    }

    // The client has the exit code of the command; but some codes are also its own, for what kept the command from running.
    private async Task<ExitStatus> JudgeAsync(ExitStatus status, ContainerReading? used)
    {
        if (used?.OutOfMemoryKills > 0 && status.ExitCode is > 0)
        {
            return OutOfMemory(status);
        }

        if (status.ExitCode is not (>= 125 and <= 127 or KilledExitCode))
        {
            return status;
        }

        var answer = await engine.Client.CallAsync(
            ["inspect", "--type", "container", "--format", "{{.State.OOMKilled}} {{.State.StartedAt}}", name], engine.Options.CommandTimeout, CancellationToken.None);
        var state = answer.Output.Split(' ', 2);
        if (!answer.IsOk || state.Length < 2)
        {
            return status.ExitCode == KilledExitCode ? status : NotStarted(status);
        }

        if (state[1].StartsWith(NeverStarted, StringComparison.Ordinal))
        {
            return NotStarted(status);
        }

        if (state[0] == "true")
        {
            return OutOfMemory(status);
        }

        return status.ExitCode == KilledExitCode && launch.Claim.Run.Resources?.MemoryMib is { } memory
            ? status with { Reason = string.Create(CultureInfo.InvariantCulture, $"exit code {KilledExitCode}: killed, perhaps for its memory limit of {memory} MiB; nobody says") }
            : status;
    }

    // Where another of its processes was killed than the first one, that may have gone on and failed in its own way: its exit code is told.
    private ExitStatus OutOfMemory(ExitStatus status)
    {
        var limit = launch.Claim.Run.Resources?.MemoryMib is { } mib ? string.Create(CultureInfo.InvariantCulture, $" of {mib} MiB") : "";
        var reason = status.ExitCode == KilledExitCode ? $"killed because it needed more than its memory{limit}" : $"a process of it was killed because all together needed more than its memory{limit}";
        return status with { Outcome = AttemptOutcome.OutOfMemory, Reason = reason };
    }

    private ExitStatus NotStarted(ExitStatus status) => status with
    {
        Outcome = AttemptOutcome.StartFailed,
        Reason = $"the container could not be started: {EngineAnswer.LastLine(Tail()) ?? string.Create(CultureInfo.InvariantCulture, $"exit code {status.ExitCode} of the engine")}",
    };

    // Nothing of the command ran, so that what stands there is the engine's.
    private string Tail()
    {
        try
        {
            using var file = new FileStream(launch.Paths.Stderr.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            file.Position = Math.Max(0, file.Length - TailBytes);
            using var reader = new StreamReader(file, Encoding.UTF8);
            return reader.ReadToEnd();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static partial class Log
    {
        [LoggerMessage(6064, LogLevel.Warning, "Container {Container} cannot be removed; the next start of the agent tries again: {Problem}")]
        internal static partial void NotRemoved(ILogger logger, string container, string problem);

        [LoggerMessage(6066, LogLevel.Warning, "What a container's user wrote to {Path} stays that user's: {Problem}")]
        internal static partial void NotTakenBack(ILogger logger, string path, string problem);

        [LoggerMessage(6065, LogLevel.Error, "What became of container {Container} is not known but for its exit code")]
        internal static partial void NotJudged(ILogger logger, Exception e, string container);
    }
}
