namespace BatchPlane.Core.Environments;

/// <summary>From the wishes of users and what the work asks for to one number.</summary>
internal static class NodeCounts
{
    /// <summary>
    /// How many nodes are to be: the desired number, unless it follows the work (<paramref name="max"/>). What the work asks for counts while the desired number is
    /// the one that it began with.
    /// </summary>
    internal static int Target(int desired, int min, int? max, int? scaled, int? scaledFrom) => max is { } most
        ? Math.Max(min, Math.Min(most, scaledFrom == desired ? scaled ?? desired : desired))
        : desired;
}
