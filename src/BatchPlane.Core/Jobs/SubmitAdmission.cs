using BatchPlane.Core.Idempotency;

namespace BatchPlane.Core.Jobs;

/// <summary>
/// What a batch's requests need environments for, and which of its submits make a job: not those whose environments take none, nor those that repeat an earlier request or one before them
/// in the batch. Pure: environments and keys are looked up by the caller, in the order of the members.
/// </summary>
internal sealed class SubmitAdmission(IReadOnlyList<WriteRequest> requests)
{
    private readonly List<SubmitRequest> _submits = [.. requests.OfType<SubmitRequest>()];
    private readonly List<RetryJobCommand> _retries = [.. requests.OfType<RetryJobCommand>()];
    private readonly HashSet<SubmitRequest> _refused = [];
    private readonly Dictionary<(string Scope, string Key), SubmitRequest> _firsts = [];
    private readonly Dictionary<SubmitRequest, SubmitRequest> _repeats = [];
    private IReadOnlySet<string> _openEnvIds = new HashSet<string>();

    /// <summary>True when a submit carries a key, which has to be looked up between the environments and everything else.</summary>
    internal bool HasKeys => _submits.Exists(submit => submit.IdempotencyKey is not null);

    /// <summary>Environments to look up.</summary>
    internal IEnumerable<string> EnvIds => _submits.SelectMany(submit => submit.Job.EnvIds).Concat(_retries.SelectMany(retry => retry.EnvIds));

    /// <summary>Keys to take, each with the job it would make. After <see cref="Open"/>.</summary>
    internal IReadOnlyList<(IdempotencyKey Key, string JobId)> KeysToTake =>
        [.. _firsts.Values.Select(submit => (submit.IdempotencyKey!, submit.Job.Job.JobId))];

    /// <summary>Keys of submits that are refused unless they repeat an earlier request. After <see cref="Open"/>.</summary>
    internal IReadOnlyList<IdempotencyKey> KeysToFind => [.. _refused.Select(submit => submit.IdempotencyKey).OfType<IdempotencyKey>()];

    /// <summary>Takes those of <see cref="EnvIds"/> that take jobs.</summary>
    internal void Open(IReadOnlySet<string> openEnvIds)
    {
        _openEnvIds = openEnvIds;
        foreach (var retry in _retries)
        {
            retry.MissingEnvIds = [.. retry.EnvIds.Where(envId => !openEnvIds.Contains(envId))];
        }

        _refused.UnionWith(_submits.Where(submit => !submit.Job.EnvIds.All(openEnvIds.Contains)));
        foreach (var submit in _submits.Where(submit => submit.IdempotencyKey is not null && !_refused.Contains(submit)))
        {
            var key = (submit.IdempotencyKey!.Scope, submit.IdempotencyKey.Key);
            if (!_firsts.TryAdd(key, submit))
            {
                _repeats.Add(submit, _firsts[key]);
            }
        }
    }

    /// <summary>Takes what earlier requests used the keys for, and answers the submits that this settles.</summary>
    internal void Settle(IReadOnlyDictionary<(string Scope, string Key), UsedKey> used)
    {
        foreach (var submit in _submits)
        {
            if (submit.IdempotencyKey is { } key && used.TryGetValue((key.Scope, key.Key), out var earlier))
            {
                submit.Result = AsEarlier(submit, earlier);
            }
            else if (_refused.Contains(submit))
            {
                submit.Result = new SubmitOutcome.EnvironmentsMissing([.. submit.Job.EnvIds.Where(envId => !_openEnvIds.Contains(envId))]);
            }
        }
    }

    /// <summary>True when a submit makes a job. After <see cref="Settle"/>.</summary>
    internal bool Admits(SubmitRequest submit) => submit.Result is null && !_repeats.ContainsKey(submit);

    /// <summary>Answers the submits that repeat one of this batch, once that is decided.</summary>
    internal void AnswerRepeats()
    {
        foreach (var (repeat, first) in _repeats.Where(pair => pair.Key.Result is null))
        {
            repeat.Result = AsRepeat(repeat, first);
        }
    }

    private static SubmitOutcome AsEarlier(SubmitRequest submit, UsedKey earlier) =>
        earlier.BodyHash.AsSpan().SequenceEqual(submit.IdempotencyKey!.BodyHash)
            ? new SubmitOutcome.Submitted(earlier.ResourceId)
            : new SubmitOutcome.KeyReused();

    private static SubmitOutcome AsRepeat(SubmitRequest repeat, SubmitRequest first) =>
        repeat.IdempotencyKey!.BodyHash.AsSpan().SequenceEqual(first.IdempotencyKey!.BodyHash)
            ? first.Result!
            : new SubmitOutcome.KeyReused();
}
