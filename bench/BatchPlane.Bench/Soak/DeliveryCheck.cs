namespace BatchPlane.Bench.Soak;

/// <summary>Compares what a consumer got for a job with what must have come. Pure.</summary>
internal static class DeliveryCheck
{
    /// <summary>What a job of these tasks announces when all goes well: routing keys, how often each.</summary>
    internal static IReadOnlyDictionary<string, int> Expected(int tasks) => new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["job.running"] = 1,
        ["job.succeed"] = 1,
        ["task.running"] = tasks,
        ["task.succeed"] = tasks,
    };

    /// <summary>Every violation, one sentence each. A message may come again, with the same id.</summary>
    internal static IEnumerable<string> Violations(IReadOnlyDictionary<string, int> expected, IReadOnlyList<SoakMessage> received)
    {
        var distinct = received.DistinctBy(message => message.Id).ToList();
        foreach (var key in expected.Keys.Union(distinct.Select(message => message.RoutingKey)).Order(StringComparer.Ordinal))
        {
            var (wanted, came) = (expected.GetValueOrDefault(key), distinct.Count(message => message.RoutingKey == key));
            if (wanted != came)
            {
                yield return FormattableString.Invariant($"the consumer got {came} events {key} instead of {wanted}");
            }
        }

        foreach (var (earlier, later) in distinct.Zip(distinct.Skip(1)).Where(pair => pair.First.Sequence >= pair.Second.Sequence))
        {
            yield return FormattableString.Invariant($"event {later.Sequence} came after event {earlier.Sequence}");
        }
    }
}
