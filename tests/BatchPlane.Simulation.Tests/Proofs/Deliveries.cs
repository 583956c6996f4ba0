using BatchPlane.Simulation.Tests.Kernel;

namespace BatchPlane.Simulation.Tests.Proofs;

/// <summary>What consumers got: of each subject, every event at least once, and first arrivals in the order of the sequence.</summary>
internal sealed class Deliveries
{
    private readonly Dictionary<string, SortedSet<long>> _arrived = new(StringComparer.Ordinal);

    internal int Repeats { get; private set; }

    internal void Add(string subjectId, long sequence)
    {
        if (!_arrived.TryGetValue(subjectId, out var arrived))
        {
            _arrived.Add(subjectId, arrived = []);
        }

        if (arrived.Contains(sequence))
        {
            Repeats++;
            return;
        }

        if (arrived.Count > 0 && arrived.Max > sequence)
        {
            throw new Violation("order", $"event {sequence} of {subjectId} first arrives after {arrived.Max}");
        }

        arrived.Add(sequence);
    }

    internal bool Has(string subjectId, long sequence) => _arrived.GetValueOrDefault(subjectId)?.Contains(sequence) is true;
}
