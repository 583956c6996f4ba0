using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Environments;

/// <summary>Which members say what a node has depends on who makes it: those that would do nothing are refused, each with what says it instead.</summary>
internal static class NodeSizeRules
{
    internal static void Check(ObjectReader members, NodeProvider provider, ProblemList problems)
    {
        (string Member, string Instead)[] useless = provider switch
        {
            NodeProvider.Local => [],
            NodeProvider.Slurm => [("cpu_per_node", "slurm.cpus"), ("memory_mib_per_node", "slurm.memory_mib")],
            NodeProvider.Attached =>
            [
                ("slots_per_node", "--slots of the machine's agent"), ("cpu_per_node", "--cpu of the machine's agent"), ("memory_mib_per_node", "--memory-mib of the machine's agent"),
            ],
        };
        foreach (var (member, instead) in useless.Where(one => members.Find(one.Member) is not null))
        {
            problems.Add(members.PathOf(member), ItemCodes.NotOfProvider, $"Nodes of the provider {WireName.Of(provider)} do not go by it: {instead} says it. Leave it out.");
        }
    }
}
