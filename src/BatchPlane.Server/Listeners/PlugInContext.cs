using System.Reflection;
using System.Runtime.Loader;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Listeners;

/// <summary>
/// What one plug-in is loaded into: its own assemblies come from its directory, so that two plug-ins may bring different versions of a library. Only the contracts are the server's, whose types both
/// sides name, and what comes with .NET.
/// </summary>
internal sealed class PlugInContext(string name, string assemblyPath) : AssemblyLoadContext(name)
{
    private readonly AssemblyDependencyResolver _resolver = new(assemblyPath);

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName) =>
        assemblyName.Name == ContractVersion.AssemblyName ? typeof(IEventListener).Assembly
        : _resolver.ResolveAssemblyToPath(assemblyName) is { } path ? LoadFromAssemblyPath(path)
        : null;

    /// <inheritdoc/>
    protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
        _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : nint.Zero;
}
