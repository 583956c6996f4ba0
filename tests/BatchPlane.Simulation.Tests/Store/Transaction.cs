using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Simulation.Tests.Kernel;

namespace BatchPlane.Simulation.Tests.Store;

/// <summary>One transaction: begun, given its locks, filled with changes, and then committed or broken off.</summary>
internal sealed class Transaction(ulong id, Life owner, Action<bool> failed)
{
    /// <summary>Its place among all transactions, by begin.</summary>
    internal ulong Id => id;

    internal Life Owner => owner;

    /// <summary>Told when the database breaks it off; true: its commit was under way, so that nobody knows what became of it.</summary>
    internal Action<bool> Failed => failed;

    internal bool IsOver { get; set; }

    internal bool IsCommitting { get; set; }

    internal List<string> Shared { get; } = [];

    internal List<string> Exclusive { get; } = [];

    /// <summary>What will be stored: changes of jobs, …</summary>
    internal JobChanges? Jobs { get; set; }

    /// <summary>… with the keys it takes, …</summary>
    internal List<(string Scope, string Key, byte[] BodyHash, string JobId)> Keys { get; } = [];

    /// <summary>… or of the environment, …</summary>
    internal EnvironmentAggregate? Environment { get; set; }

    /// <summary>… and the rows of the journal, with their place in the order.</summary>
    internal List<EventRow> Events { get; } = [];
}

/// <summary>Row locks by name, shared or exclusive; a transaction gets all of its own at once, in the order of asking.</summary>
internal sealed class Locks
{
    private readonly Dictionary<string, List<Transaction>> _shared = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Transaction> _exclusive = new(StringComparer.Ordinal);
    private readonly List<(Transaction Transaction, Action Granted)> _waiting = [];

    internal void Take(Transaction transaction, Action granted)
    {
        _waiting.Add((transaction, granted));
        Grant();
    }

    internal void Release(Transaction transaction)
    {
        foreach (var name in transaction.Shared)
        {
            if (_shared.TryGetValue(name, out var holders))
            {
                holders.Remove(transaction);
            }
        }

        foreach (var name in transaction.Exclusive.Where(name => _exclusive.GetValueOrDefault(name) == transaction))
        {
            _exclusive.Remove(name);
        }

        _waiting.RemoveAll(waiter => waiter.Transaction == transaction);
        Grant();
    }

    private void Grant()
    {
        for (var n = 0; n < _waiting.Count;)
        {
            var (transaction, granted) = _waiting[n];
            if (!IsFree(transaction))
            {
                n++;
                continue;
            }

            _waiting.RemoveAt(n);
            foreach (var name in transaction.Shared)
            {
                if (!_shared.TryGetValue(name, out var holders))
                {
                    _shared.Add(name, holders = []);
                }

                holders.Add(transaction);
            }

            transaction.Exclusive.ForEach(name => _exclusive.Add(name, transaction));
            granted();
        }
    }

    private bool IsFree(Transaction transaction) =>
        transaction.Shared.TrueForAll(name => !_exclusive.ContainsKey(name))
        && transaction.Exclusive.TrueForAll(name => !_exclusive.ContainsKey(name) && _shared.GetValueOrDefault(name) is not { Count: > 0 });
}
