using System.Threading.Channels;
using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Core.Database;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Scheduling;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace BatchPlane.Core.Jobs;

/// <summary>
/// The one writer of jobs in this process. Requests gather while a transaction is under way and all go into the next one;
/// when nothing is under way a request starts a transaction at once. Callers are answered after the commit.
/// </summary>
/// <remarks>
/// Several servers run such writers against one database; the job's row lock orders them. A transaction that met a passing
/// fault is run again; one that fails for another reason is run request by request, so that only the culprit fails.
/// </remarks>
public sealed partial class TransitionWriter : BackgroundService
{
    private const int CallersPerThread = 4;

    // What a transaction costs in any case is spread thinly enough among so many.
    private const int EnoughRequests = 64;

    private readonly NpgsqlDataSource _dataSource;
    private readonly JobSecrets _secrets;
    private readonly EngineLimits _limits;
    private readonly JobStore _store;
    private readonly IdBlock _taskIds;
    private readonly IdBlock _claimIds;
    private readonly WorkSignal _workSignal;
    private readonly OutboxSignal _outboxSignal;
    private readonly TerminationSignal _terminationSignal;
    private readonly TimeProvider _time;
    private readonly ILogger<TransitionWriter> _logger;
    private readonly Channel<WriteRequest> _waiting;

    /// <summary>Started by the host.</summary>
    public TransitionWriter(
        NpgsqlDataSource dataSource,
        JobSecrets secrets,
        IOptions<EngineLimits> limits,
        WorkSignal workSignal,
        OutboxSignal outboxSignal,
        TerminationSignal terminationSignal,
        TimeProvider time,
        ILogger<TransitionWriter> logger)
    {
        _dataSource = dataSource;
        _secrets = secrets;
        _limits = limits.Value;
        _store = new(_limits);
        _taskIds = new(dataSource, "Jobs/Sql/task_id_block.sql");
        _claimIds = new(dataSource, "Scheduling/Sql/claim_id_block.sql");
        _workSignal = workSignal;
        _outboxSignal = outboxSignal;
        _terminationSignal = terminationSignal;
        _time = time;
        _logger = logger;
        _waiting = Channel.CreateBounded<WriteRequest>(new BoundedChannelOptions(_limits.MaxQueuedRequests) { SingleReader = true });
    }

    /// <summary>Stores a validated job whose tasks all name an environment.</summary>
    public Task<SubmitOutcome> SubmitAsync(JobDocument document, string submittedBy, IdempotencyKey? idempotencyKey, CancellationToken cancellationToken) =>
        SubmitAsync(document, submittedBy, idempotencyKey, tencent: null, cancellationToken);

    /// <summary>The same for one that came in Tencent's words, which are kept with it.</summary>
    public async Task<SubmitOutcome> SubmitAsync(JobDocument document, string submittedBy, IdempotencyKey? idempotencyKey, TencentRequest? tencent, CancellationToken cancellationToken)
    {
        var taskIds = await _taskIds.TakeAsync(document.Tasks.Count, cancellationToken);
        return await WriteAsync(new SubmitRequest(NewJob.From(_secrets.Seal(document), EntityId.New(EntityId.Job), taskIds, submittedBy, tencent), idempotencyKey), cancellationToken);
    }

    /// <summary>Queues a request; its result comes after the commit. Throws what the database threw when it could not be stored.</summary>
    /// <remarks>Cancelling stops the wait, not the request once it is queued.</remarks>
    public async Task<TResult> WriteAsync<TResult>(WriteRequest<TResult> request, CancellationToken cancellationToken)
        where TResult : class
    {
        await _waiting.Writer.WriteAsync(request, cancellationToken);
        return await request.Completion.WaitAsync(cancellationToken);
    }

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _waiting.Writer.TryComplete();
        await base.StopAsync(cancellationToken);
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        _taskIds.Dispose();
        _claimIds.Dispose();
        base.Dispose();
    }

    /// <summary>Runs until the channel is completed and empty, so that what was accepted before a stop is still stored.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var gathered = new List<WriteRequest>();
        var more = _waiting.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
        while (await more)
        {
            var before = gathered.Count;
            gathered.Clear();
            more = await GatherAsync(gathered, before);
            await WriteTogetherAsync([.. gathered], stoppingToken);
        }
    }

    /// <summary>
    /// Takes what waits. After a transaction of many requests as many come again, as their callers were told together; the first to come waits for the others, but
    /// not long. Otherwise small and large transactions would alternate, and small ones cost nearly as much.
    /// </summary>
    /// <returns>The wait for the request after those taken.</returns>
    private async Task<Task<bool>> GatherAsync(List<WriteRequest> gathered, int expected)
    {
        var isFull = Gather(gathered);
        var more = _waiting.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
        if (isFull || gathered.Count >= Math.Min(expected, EnoughRequests) || _limits.GatherMilliseconds == 0)
        {
            return more;
        }

        var patience = Task.Delay(TimeSpan.FromMilliseconds(_limits.GatherMilliseconds), _time, CancellationToken.None);
        while (!isFull && gathered.Count < Math.Min(expected, EnoughRequests) && await Task.WhenAny(more, patience) == more && await more)
        {
            isFull = Gather(gathered);
            more = _waiting.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
        }

        return more;
    }

    /// <summary>True when the transaction takes no more: what waits then is for the next.</summary>
    private bool Gather(List<WriteRequest> gathered)
    {
        var weight = gathered.Sum(request => request.Weight);
        while (gathered.Count < _limits.MaxBatchRequests && weight < _limits.MaxBatchAttempts && _waiting.Reader.TryRead(out var request))
        {
            gathered.Add(request);
            weight += request.Weight;
        }

        return gathered.Count >= _limits.MaxBatchRequests || weight >= _limits.MaxBatchAttempts;
    }

    private async Task WriteTogetherAsync(List<WriteRequest> requests, CancellationToken stoppingToken)
    {
        var exception = await TryWriteAsync(requests, stoppingToken);
        if (exception is null)
        {
            return;
        }

        if (requests.Count == 1)
        {
            Log.RequestFailed(_logger, requests[0].GetType().Name, exception);
            Tell(requests, request => request.Fail(exception));
            return;
        }

        if (ExpectedFaults.IsTransient(exception))
        {
            Log.BatchFailed(_logger, requests.Count, exception);
            Tell(requests, request => request.Fail(exception));
            return;
        }

        foreach (var request in requests.Where(request => !request.IsTold))
        {
            await WriteTogetherAsync([request], stoppingToken);
        }
    }

    /// <summary>Null when committed, otherwise what stood in the way after all tries.</summary>
    private async Task<Exception?> TryWriteAsync(List<WriteRequest> requests, CancellationToken stoppingToken)
    {
        var isInDoubt = false;
        for (var failures = 0; requests.Count > 0; failures++)
        {
            var isCommitUnknown = false;
            try
            {
                await WriteOnceAsync(requests, () => isCommitUnknown = true);
                return null;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                isInDoubt |= isCommitUnknown && ExpectedFaults.IsTransient(exception);
                var isStoredAfterAll = isInDoubt && exception is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };
                if ((!MayBeRepeated(exception) && !isStoredAfterAll) || failures >= _limits.MaxTransactionRetries || stoppingToken.IsCancellationRequested)
                {
                    await ResetAsync(requests, isInDoubt: false);
                    return exception;
                }

                Log.TransactionRepeated(_logger, failures + 1, exception.Message);
                await Task.Delay(Backoff(failures), _time, CancellationToken.None);
                try
                {
                    requests = await ResetAsync(requests, isInDoubt);
                }
                catch (Exception unknown) when (unknown is not OutOfMemoryException)
                {
                    // Whether they are stored cannot be learned: their callers are told, and the loop lives on.
                    return exception;
                }
            }
        }

        return null;
    }

    /// <summary>Passing faults, and a random id of a job or of an environment made with it that was taken: the next try has another one.</summary>
    private static bool MayBeRepeated(Exception exception) =>
        ExpectedFaults.IsTransient(exception)
        || exception is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "jobs_pkey" or "environments_pkey" };

    private async Task WriteOnceAsync(List<WriteRequest> requests, Action onCommitting)
    {
        var batch = new TransitionBatch(requests, _store, _claimIds, _limits);
        await using var connection = await _dataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        if (!await batch.DecideAndStoreAsync(connection, onCommitting, CancellationToken.None))
        {
            onCommitting();
            await transaction.CommitAsync();
        }

        Ring(batch);
        Tell(requests, static request => request.Complete());
    }

    /// <summary>
    /// Tells callers, which go on with their answers, on threads of the pool: a few on each, as waking a thread costs more than an answer, and not
    /// all on one, as some have much to write.
    /// </summary>
    private static void Tell(IEnumerable<WriteRequest> requests, Action<WriteRequest> tell)
    {
        foreach (var few in requests.Chunk(CallersPerThread))
        {
            Array.ForEach(few, static request => request.IsTold = true);
            ThreadPool.UnsafeQueueUserWorkItem(
                static state =>
                {
                    foreach (var request in state.few)
                    {
                        state.tell(request);
                    }
                },
                (few, tell),
                preferLocal: false);
        }
    }

    /// <summary>
    /// Forgets what was decided. When the answer to a commit was lost, submits that are found stored are answered and taken
    /// out; all other requests are safe to repeat. Those not found keep their ids: the commit may still be under way in the database,
    /// and then the same id makes the second try wait for it and fail instead of storing the job twice.
    /// </summary>
    private async Task<List<WriteRequest>> ResetAsync(List<WriteRequest> requests, bool isInDoubt)
    {
        var stored = isInDoubt ? await FindStoredAsync(requests) : [];
        var done = requests.ToLookup(request => request is SubmitRequest { Result: SubmitOutcome.Submitted submitted } && stored.Contains(submitted.JobId));
        foreach (var request in done[false])
        {
            request.Reset(keepIds: isInDoubt);
        }

        Tell(done[true], static request => request.Complete());
        return [.. done[false]];
    }

    private async Task<HashSet<string>> FindStoredAsync(List<WriteRequest> requests)
    {
        var jobIds = requests.OfType<SubmitRequest>().Select(request => request.Job.Job.JobId).ToList();
        if (jobIds.Count == 0)
        {
            return [];
        }

        for (var failures = 0; ; failures++)
        {
            try
            {
                await using var connection = await _dataSource.OpenConnectionAsync();
                return await JobStore.FindStoredAsync(connection, jobIds, CancellationToken.None);
            }
            catch (Exception exception) when (ExpectedFaults.IsTransient(exception) && failures < _limits.MaxTransactionRetries)
            {
                await Task.Delay(Backoff(failures), _time, CancellationToken.None);
            }
        }
    }

    private void Ring(TransitionBatch batch)
    {
        if (batch.LeftWork)
        {
            _workSignal.Set();
        }

        if (batch.LeftEvents)
        {
            _outboxSignal.Set();
        }

        if (batch.LeftOrders)
        {
            _terminationSignal.Set();
        }
    }

    private static TimeSpan Backoff(int failures) => TimeSpan.FromMilliseconds(Math.Min(2_000, 10 << Math.Min(failures, 8)));

    private static partial class Log
    {
        [LoggerMessage(2001, LogLevel.Information, "Transaction tried again after failure {Failures}: {Reason}")]
        internal static partial void TransactionRepeated(ILogger logger, int failures, string reason);

        [LoggerMessage(2002, LogLevel.Error, "A transaction of {Requests} requests was given up; their callers are told")]
        internal static partial void BatchFailed(ILogger logger, int requests, Exception exception);

        [LoggerMessage(2003, LogLevel.Error, "A {Request} could not be stored; its caller is told")]
        internal static partial void RequestFailed(ILogger logger, string request, Exception exception);
    }
}
