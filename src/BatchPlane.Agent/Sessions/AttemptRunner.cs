using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Files;
using BatchPlane.Agent.Hosts;
using BatchPlane.Agent.Keeping;
using BatchPlane.Agent.Outputs;
using BatchPlane.Agent.Progress;
using BatchPlane.Contracts;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent.Sessions;

/// <summary>
/// Moves attempts through the executor: starts ready ones on free slots, keeps them to their time, and brings output and end of
/// each to the report queue.
/// </summary>
internal sealed partial class AttemptRunner(
    AgentOptions options, AttemptBook book, ReportQueue reports, OutputShipper outputs, ProgressReader progress, IAttemptExecutor executor, Staging staging, Action onKept, TimeProvider time,
    ILogger log)
{
    private static readonly TimeSpan TendInterval = TimeSpan.FromMilliseconds(200);

    // A start blocks its thread until the keeper says that the program is loaded: while it tells of some, it can begin others.
    private readonly int _starters = Math.Clamp(2 * Environment.ProcessorCount, 1, options.Slots);

    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private CancellationToken _session;

    /// <summary>Runs until cancelled, which ends no attempt, or until something unforeseen happens, which it throws.</summary>
    internal async Task RunAsync(CancellationToken session)
    {
        _session = session;
        await await Task.WhenAny(
            [TendAsync(session), _broken.Task, .. Enumerable.Range(0, _starters).Select(_ => Task.Run(() => StartAsync(session), session))]);
    }

    /// <summary>Goes on with attempts that an earlier agent of this epoch started.</summary>
    internal void Adopt(IReadOnlyList<AdoptedAttempt> adopted)
    {
        foreach (var one in adopted)
        {
            var attempt = book.Adopt(one);
            reports.Began(attempt);
            one.Execution.Watch(new ExitListener(this, attempt));
        }
    }

    private async Task StartAsync(CancellationToken session)
    {
        while (true)
        {
            while (book.NextToStart() is { } attempt)
            {
                Start(attempt);
            }

            await book.Startable.WaitAsync(Timeout.InfiniteTimeSpan, session);
        }
    }

    private void Start(Attempt attempt)
    {
        var failure = Builtins.WhyUnknown(attempt.Claim.Run) ?? staging.WhyRefused(attempt.Claim.Run) ?? WorkDirectory.Make(attempt.Paths);
        var launch = new Launch(attempt.Claim, attempt.Key.Index, attempt.Key.Number, attempt.Paths);
        if (failure is null && (attempt.Claim.Run.Docker is not null || attempt.Claim.Run.Files is { HasBefore: true }))
        {
            // Not on this thread, which starts others: files and images may take long.
            _ = Task.Run(() => PrepareAsync(attempt, launch));
            return;
        }

        Begin(attempt, failure is null ? executor.Start(launch) : StartResult.Failed(failure));
    }

    private async Task PrepareAsync(Attempt attempt, Launch launch)
    {
        try
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(_session);
            book.Staging(attempt, end);
            var failed = attempt.Claim.Run.Files is { HasBefore: true } ? await staging.BeforeAsync(attempt, end.Token) : null;
            if (failed is null && !end.IsCancellationRequested)
            {
                // What is prepared is started also when a kill came in between, which then ends it: nothing stays behind.
                var refused = executor.Prepare(launch, end.Token) is { } preparing ? await preparing : null;
                Begin(attempt, refused ?? executor.Start(launch));
            }
            else
            {
                EndUnstarted(attempt, failed);
            }
        }
        catch (Exception e)
        {
            // As in FinishAsync.
            _broken.TrySetException(e);
        }
    }

    private void Begin(Attempt attempt, StartResult started)
    {
        if (started.Execution is { } execution)
        {
            book.Began(attempt, execution);
            reports.Began(attempt);
            execution.Watch(new ExitListener(this, attempt));
            return;
        }

        if (started == StartResult.Unknown)
        {
            // The epoch is over, which ends the attempt with all others.
            return;
        }

        ProgressReader.Discard(attempt);
        EndUnstarted(attempt, AttemptResult.NotStarted(KillCause.None, started));
    }

    // A kill that came meanwhile decides, as it would have for a command that began.
    private void EndUnstarted(Attempt attempt, AttemptResult? failed)
    {
        var kill = book.Ended(attempt);
        if (kill == KillCause.GivenBack)
        {
            reports.Ended(attempt, new AttemptResult(AttemptOutcome.Returned));
        }
        else if (kill is not (KillCause.Abandoned or KillCause.Stopped))
        {
            reports.Ended(attempt, kill == KillCause.Terminated || failed is null ? new AttemptResult(AttemptOutcome.Terminated, Reason: failed?.Reason) : failed);
        }
    }

    private async Task TendAsync(CancellationToken session)
    {
        using var timer = new PeriodicTimer(TendInterval, time);
        var looking = Task.CompletedTask;
        while (await timer.WaitForNextTickAsync(session))
        {
            book.Tend(options.OutputInterval, attempt => Task.Run(() => ShipLiveAsync(attempt), session));
            if (looking.IsCompleted && book.DueForALook(progress.Interval) is { Count: > 0 } due)
            {
                // Not on this loop, which keeps attempts to their time: a file system may take long.
                await looking;
                looking = Task.Run(() => due.ForEach(progress.Look), session);
            }
        }
    }

    private async Task ShipLiveAsync(Attempt attempt)
    {
        try
        {
            await outputs.ShipLiveAsync(attempt, _session);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.OutputUnreadable(log, e, attempt.Paths.Stdout.Path);
        }
        catch (OperationCanceledException)
        {
            // The epoch is over and with it the attempt.
        }
    }

    // On the executor's thread: everything that takes time is done on another.
    private void Exited(Attempt attempt, ExitStatus status)
    {
        if (StoresFiles(attempt, status))
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => _ = StoreFilesAsync(attempt, status), null);
        }
        else
        {
            End(attempt, status, problem: null);
        }
    }

    // Of a command that ended by itself; one that was killed has nothing that is worth the time.
    private static bool StoresFiles(Attempt attempt, ExitStatus status) =>
        attempt.Claim.Run.Files is { HasAfter: true } files && attempt.Kill == KillCause.None && (files.StoresAfterFailure || status.ExitCode == 0);

    // It keeps its slot and runs on, as far as anybody can see, until its files are stored; its time limit goes on as well.
    private async Task StoreFilesAsync(Attempt attempt, ExitStatus status)
    {
        try
        {
            string? problem;
            using (var end = CancellationTokenSource.CreateLinkedTokenSource(_session))
            {
                book.Staging(attempt, end);
                problem = await staging.AfterAsync(attempt, end.Token);
            }

            End(attempt, status, problem);
        }
        catch (Exception e)
        {
            _broken.TrySetException(e);
        }
    }

    private void End(Attempt attempt, ExitStatus status, string? problem)
    {
        var kill = book.Ended(attempt, status.Age);
        if (kill is KillCause.Abandoned or KillCause.Stopped)
        {
            ProgressReader.Discard(attempt);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => _ = FinishAsync(attempt, status, kill, problem), null);
        }
    }

    private async Task FinishAsync(Attempt attempt, ExitStatus status, KillCause kill, string? problem)
    {
        try
        {
            progress.Finish(attempt);
            var output = await ReadOutputAsync(attempt);
            var result = AttemptResult.Of(attempt, status, kill, problem) with { Stdout = output.Stdout, Stderr = output.Stderr, Usage = status.Usage };
            result = attempt.OutputLost is { } lost ? result.Losing(lost) : result;
            if (result.IsFailure && attempt.Claim.Run.KeepDirectoryOnFailure)
            {
                WorkDirectory.Keep(attempt.Paths, log);
                onKept();
            }

            reports.Ended(attempt, result);
        }
        catch (OperationCanceledException)
        {
            // The epoch is over and with it the attempt.
        }
        catch (Exception e)
        {
            // Nobody awaits this: without it a bug would leave the attempt unreported for ever.
            _broken.TrySetException(e);
        }
    }

    private async ValueTask<InlineOutput> ReadOutputAsync(Attempt attempt)
    {
        try
        {
            return await outputs.FinishAsync(attempt, _session);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.OutputUnreadable(log, e, attempt.Paths.Stdout.Path);
            attempt.OutputLost = e.Message;
            return default;
        }
    }

    private sealed class ExitListener(AttemptRunner runner, Attempt attempt) : IExitListener
    {
        public void Exited(ExitStatus status) => runner.Exited(attempt, status);
    }

    private static partial class Log
    {
        [LoggerMessage(6020, LogLevel.Warning, "Output {Path} cannot be read; the attempt is reported without it")]
        internal static partial void OutputUnreadable(ILogger logger, Exception e, string path);
    }
}
