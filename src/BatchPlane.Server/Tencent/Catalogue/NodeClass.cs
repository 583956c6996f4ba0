using System.Globalization;

namespace BatchPlane.Server.Tencent.Catalogue;

/// <summary>A kind of machine that requests may name as their <c>InstanceType</c>.</summary>
/// <param name="InstanceType">Its name, <c>local.small</c>.</param>
/// <param name="Cpu">Processors that a node of it promises.</param>
/// <param name="MemoryGib">GiB of memory that a node of it promises.</param>
/// <param name="Slots">Instances that a node of it runs at once.</param>
internal sealed record NodeClass(string InstanceType, int Cpu, int MemoryGib, int Slots)
{
    private const int MaxCpu = 1_024;
    private const int MaxMemoryGib = 16_384;
    private const int MaxSlots = 1_024;

    /// <summary>What stands before the first dot of the type.</summary>
    internal string Family => InstanceType.Split('.')[0];

    /// <summary>The classes that a valid text names, in its order.</summary>
    internal static IReadOnlyList<NodeClass> Read(string text) => [.. Parts(text).Select(Parse).OfType<NodeClass>()];

    /// <summary>What of a text is no class, or names a type again.</summary>
    internal static IEnumerable<string> FindBad(string text)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        return [.. Parts(text).Where(part => Parse(part) is not { } found || !known.Add(found.InstanceType))];
    }

    private static string[] Parts(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static NodeClass? Parse(string text)
    {
        var parts = text.Split(':');
        return parts.Length is 3 or 4
            && parts[0].Length is > 0 and <= 64
            && TryNumber(parts[1], MaxCpu, out var cpu)
            && TryNumber(parts[2], MaxMemoryGib, out var memory)
            && TryNumber(parts.Length == 4 ? parts[3] : "1", MaxSlots, out var slots)
            ? new(parts[0], cpu, memory, slots)
            : null;
    }

    private static bool TryNumber(string text, int max, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= 1 && number <= max;
}
