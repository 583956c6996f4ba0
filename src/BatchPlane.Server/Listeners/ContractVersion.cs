using System.Reflection;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Listeners;

/// <summary>Which versions of <c>BatchPlane.Contracts</c> a plug-in may have been built against.</summary>
internal static class ContractVersion
{
    /// <summary>Name of the assembly that server and plug-ins share.</summary>
    internal static readonly string AssemblyName = typeof(IEventListener).Assembly.GetName().Name!;

    /// <summary>That of this server.</summary>
    internal static readonly Version Ours = typeof(IEventListener).Assembly.GetName().Version!;

    /// <summary>Why a plug-in does not fit; null when it does.</summary>
    internal static string? Problem(Assembly plugIn) =>
        plugIn.GetReferencedAssemblies().FirstOrDefault(reference => reference.Name == AssemblyName) is { Version: { } built }
            ? Problem(built, Ours)
            : $"it does not refer to {AssemblyName}";

    /// <summary>The same of two versions: an equal first number (before 1.0: the first two), and none newer than the server's.</summary>
    internal static string? Problem(Version built, Version ours)
    {
        var isSame = built.Major == ours.Major && (ours.Major > 0 || built.Minor == ours.Minor);
        return isSame && built <= ours ? null : $"it was built against {AssemblyName} {built.ToString(3)}, and this server has {ours.ToString(3)}";
    }
}
