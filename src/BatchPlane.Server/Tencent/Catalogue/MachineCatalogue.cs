using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tencent.Catalogue;

/// <summary>Zones and kinds of machines of this installation, as the operator configured them.</summary>
internal sealed class MachineCatalogue(IOptions<TencentOptions> options)
{
    private readonly Dictionary<string, NodeClass> _byType = NodeClass.Read(options.Value.NodeClasses).ToDictionary(known => known.InstanceType, StringComparer.Ordinal);

    /// <summary>Zones that requests may name; at least one.</summary>
    internal IReadOnlyList<string> Zones { get; } = ZonesOf(options.Value.Zones);

    /// <summary>Kinds of machines, in the order of the configuration.</summary>
    internal IReadOnlyList<NodeClass> Classes { get; } = NodeClass.Read(options.Value.NodeClasses);

    /// <summary>Zone of what came by another way and names none.</summary>
    internal string DefaultZone => Zones[0];

    /// <summary>The machine of a type; null when there is none.</summary>
    internal NodeClass? Find(string instanceType) => _byType.GetValueOrDefault(instanceType);

    /// <summary>The zones that a text names, each once.</summary>
    internal static IReadOnlyList<string> ZonesOf(string text) =>
        [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal)];
}
