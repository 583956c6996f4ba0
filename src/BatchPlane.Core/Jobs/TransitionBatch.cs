using BatchPlane.Core.Database;
using BatchPlane.Core.Idempotency;
using Npgsql;

namespace BatchPlane.Core.Jobs;

/// <summary>
/// One transaction of the transition path: locks and loads what its requests are about, lets <see cref="TransitionDecision"/>
/// decide, stores all of it with set-based statements. Deciding changes nothing outside, so a transaction that did not commit
/// can simply be run again.
/// </summary>
internal sealed class TransitionBatch(IReadOnlyList<WriteRequest> requests, JobStore store, IdBlock claimIds, EngineLimits limits)
{
    private TransitionDecision? _decision;

    /// <summary>True when instances were left to claim. After <see cref="DecideAndStoreAsync"/>.</summary>
    internal bool LeftWork => _decision!.LeftWork;

    /// <summary>True when somebody asked for an event. After <see cref="DecideAndStoreAsync"/>.</summary>
    internal bool LeftEvents => _decision!.Changes.Journal.Exists(row => row.Entry.Notify != 0);

    /// <summary>True when nodes have to end what they hold. After <see cref="DecideAndStoreAsync"/>.</summary>
    internal bool LeftOrders => _decision!.Changes.HasOrders;

    /// <summary>
    /// Does everything, the commit as well when <paramref name="onCommitting"/> was called: where nothing has to be looked at between storing and
    /// committing, both are one round trip. Results are in the requests, not yet told to the callers.
    /// </summary>
    /// <returns>True when it is committed; false when the caller has to.</returns>
    internal async Task<bool> DecideAndStoreAsync(NpgsqlConnection connection, Action onCommitting, CancellationToken cancellationToken)
    {
        var admission = new SubmitAdmission(requests);
        var load = TransitionDecision.Needs(requests);
        var isKeyed = admission.HasKeys;
        if (isKeyed)
        {
            await AdmitKeyedAsync(admission, connection, cancellationToken);
        }
        else
        {
            load.EnvIds.UnionWith(admission.EnvIds);
        }

        var locked = await store.LoadAsync(connection, load, cancellationToken);
        if (!isKeyed)
        {
            admission.Open(locked.OpenEnvIds);
            admission.Settle(new Dictionary<(string, string), UsedKey>());
        }

        _decision = new(requests, admission, locked, limits);
        _decision.Grant(await claimIds.TakeAsync(_decision.GrantCount, cancellationToken));
        var commits = _decision.Changes.AreNewJobsOnly;
        if (commits)
        {
            onCommitting();
        }

        await JobStore.StoreAsync(connection, _decision.Changes, commits, cancellationToken);
        return commits;
    }

    /// <summary>Settles submits that repeat an earlier one, refuses those whose environment takes no job, and tells retries the same.</summary>
    private static async Task AdmitKeyedAsync(SubmitAdmission admission, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        admission.Open(await JobStore.ShareEnvironmentsAsync(connection, admission.EnvIds, cancellationToken));
        var used = admission.KeysToTake is { Count: > 0 } wanted ? await IdempotencyStore.TakeAsync(connection, wanted, cancellationToken) : [];
        foreach (var (key, earlier) in await IdempotencyStore.FindAsync(connection, admission.KeysToFind, cancellationToken))
        {
            used.TryAdd(key, earlier);
        }

        admission.Settle(used);
    }
}
