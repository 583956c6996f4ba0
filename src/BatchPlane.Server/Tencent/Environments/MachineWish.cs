using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Server.Tencent.Catalogue;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tencent.Environments;

/// <summary>What of <c>EnvData</c> has a meaning here: what a node promises. Null: what its machine has.</summary>
/// <param name="Cpu">Processors.</param>
/// <param name="MemoryGib">GiB of memory.</param>
/// <param name="Slots">Instances at once.</param>
internal sealed record MachineWish(int? Cpu, int? MemoryGib, int? Slots)
{
    private const int MibPerGib = 1_024;
    private static readonly string[] Types = ["InstanceType", "InstanceTypes", "InstanceTypeOptions"];
    private static readonly string[] Networks = ["VirtualPrivateCloud", "VirtualPrivateClouds", "Zones"];
    private static readonly string[] ChargeTypes = ["POSTPAID_BY_HOUR", "SPOTPAID"];

    /// <summary>Reads <c>EnvType</c> and <c>EnvData</c> of an environment. Exactly one of wish and error comes back.</summary>
    internal static (MachineWish? Wish, TencentError? Error) Read(JsonObject environment, MachineCatalogue catalogue, string path)
    {
        if (environment["EnvType"]?.GetValue<string>() is { } type && type != "MANAGED")
        {
            return (null, new(ErrorCodes.ComputeEnv, $"`{path}.EnvType`: expected MANAGED."));
        }

        if (environment["EnvData"] is not JsonObject data)
        {
            return (new(null, null, null), null);
        }

        path += ".EnvData";
        if ((Several(data, Types) ?? Several(data, Networks)) is { } several)
        {
            return (null, new(ErrorCodes.InvalidParameterCombination, $"`{path}`: expected one of {several}."));
        }

        if (data["InstanceChargeType"]?.GetValue<string>() is { } charge && !ChargeTypes.Contains(charge))
        {
            return (null, new(ErrorCodes.ChargeType, $"`{path}.InstanceChargeType`: expected one of {string.Join(", ", ChargeTypes)}."));
        }

        if (data["InstanceTypeOptions"] is JsonObject options)
        {
            return ((int)options["CPU"]!.GetValue<long>(), (int)options["Memory"]!.GetValue<long>()) is ( >= 1 and var cpu, >= 1 and var memory)
                ? (new(cpu, memory, 1), null)
                : (null, new(ErrorCodes.CvmParameters, $"`{path}.InstanceTypeOptions`: expected at least one processor and one GiB."));
        }

        IReadOnlyList<string>? types = data["InstanceType"] is { } one
            ? [one.GetValue<string>()]
            : data["InstanceTypes"] is JsonArray list ? [.. list.Select(item => item!.GetValue<string>())] : null;
        if (types is null)
        {
            return (new(null, null, null), null);
        }

        return Refuse(types, catalogue, path) is { } error
            ? (null, error)
            : types.Select(catalogue.Find).OfType<NodeClass>().First() is var found ? (new(found.Cpu, found.MemoryGib, found.Slots), null) : default;
    }

    /// <summary>What is wrong with a list of types; null: one of them is known.</summary>
    internal static TencentError? Refuse(IReadOnlyList<string> types, MachineCatalogue catalogue, string path)
    {
        if (types.Count == 0)
        {
            return new(ErrorCodes.InstanceTypesEmpty, $"`{path}.InstanceTypes`: expected at least one.");
        }

        if (types.Distinct(StringComparer.Ordinal).Count() < types.Count)
        {
            return new(ErrorCodes.InstanceTypeDuplicate, $"`{path}.InstanceTypes`: one is given twice.");
        }

        return types.Any(type => catalogue.Find(type) is not null)
            ? null
            : new(ErrorCodes.InstanceType, $"`{path}`: none of these types is known. Known: {string.Join(", ", catalogue.Classes.Select(known => known.InstanceType))}.");
    }

    /// <summary>Puts it into a document of BatchPlane's own, as its provider takes it.</summary>
    internal void WriteTo(JsonObject document, NodeProvider provider)
    {
        document["Provider"] = provider.ToString().ToLowerInvariant();
        switch (provider)
        {
            case NodeProvider.Local:
                Put(document, "SlotsPerNode", Slots);
                Put(document, "CpuPerNode", Cpu);
                Put(document, "MemoryMibPerNode", MemoryGib * MibPerGib);
                break;
            case NodeProvider.Slurm:
                var slurm = new JsonObject();
                Put(document, "SlotsPerNode", Slots);
                Put(slurm, "Cpus", Cpu);
                Put(slurm, "MemoryMib", MemoryGib * MibPerGib);
                document["Slurm"] = slurm;
                break;
            case NodeProvider.Attached:
                break;
        }
    }

    private static void Put(JsonObject document, string name, int? value)
    {
        if (value is not null)
        {
            document[name] = value;
        }
    }

    private static string? Several(JsonObject data, string[] names) =>
        names.Count(name => data[name] is not null) > 1 ? string.Join(", ", names) : null;
}
