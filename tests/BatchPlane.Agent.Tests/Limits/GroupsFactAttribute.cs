using BatchPlane.Agent.Limits;

namespace BatchPlane.Agent.Tests.Limits;

/// <summary>
/// A test that needs control groups of this machine which it may make and write: root, and no file system of them that is read-only. Elsewhere it is passed over, and says why; everything that has to do with
/// them is tried against <see cref="UnifiedHierarchy"/> as well.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GroupsFactAttribute : FactAttribute
{
    private static readonly string? Missing = WhyNot();

    /// <summary>Looks once for all.</summary>
    public GroupsFactAttribute() => Skip = Missing;

    private static string? WhyNot()
    {
        using var groups = new ControlGroupSandbox();
        try
        {
            foreach (var directory in groups.Directories)
            {
                KernelGroupFiles.Instance.Make(directory);
            }

            return groups.Directories.Count == 0 ? "this machine has no control groups" : null;
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }
}
