using System.Reflection;
using System.Text.RegularExpressions;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Listeners;

/// <summary>A listener that is ready to be started.</summary>
/// <param name="Name">Its name, asked for once.</param>
/// <param name="Listener">The listener.</param>
/// <param name="Origin">Where it is from, for people.</param>
internal sealed record LoadedListener(string Name, IEventListener Listener, string Origin);

/// <summary>A plug-in, or one of its listeners, that cannot be used.</summary>
/// <param name="Name">Name to show it by.</param>
/// <param name="Error">What is wrong.</param>
internal sealed record LoadProblem(string Name, string Error);

/// <summary>Loads the plug-ins of a directory. What is wrong with one concerns nobody else.</summary>
internal sealed partial class PlugInLoader(ListenersOptions options, TimeProvider time)
{
    private const int MaxNameLength = 40;

    private readonly Dictionary<string, LoadedListener> _listeners = new(StringComparer.Ordinal);
    private readonly List<LoadProblem> _problems = [];

    /// <summary>What can be used, by name.</summary>
    internal IReadOnlyCollection<LoadedListener> Listeners => _listeners.Values;

    /// <summary>What cannot.</summary>
    internal IReadOnlyList<LoadProblem> Problems => _problems;

    /// <summary>Adds listeners that are built in.</summary>
    internal void Add(IEnumerable<IEventListener> builtIn)
    {
        foreach (var listener in builtIn)
        {
            Add(listener, "built in");
        }
    }

    /// <summary>Adds those of all plug-ins, in the order of their names. They are loaded side by side: those that hang take the time of one.</summary>
    internal async Task LoadAllAsync()
    {
        if (options.Directory is not { } root || Directories(root) is not { } directories)
        {
            return;
        }

        // Constructors are the plug-in's own code, on a thread of its own: one that hangs must not keep the server from starting.
        var loading = directories.Take(options.MaxListeners).Select(directory => (
            PlugIn: Path.GetFileName(directory),
            Made: Task.Factory.StartNew(() => Make(Path.GetFileName(directory), directory), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))).ToList();
        using var limit = new CancellationTokenSource(options.LoadTimeout, time);
        foreach (var (plugIn, made) in loading)
        {
            await AddAsync(plugIn, made, limit.Token);
        }

        if (directories.Count > options.MaxListeners)
        {
            _problems.Add(new(Path.GetFileName(directories[options.MaxListeners]), $"it and what follows it in {root} are more plug-ins than Listeners.MaxListeners allows"));
        }
    }

    /// <summary>Directories of plug-ins by name; null when there is a problem.</summary>
    private List<string>? Directories(string root)
    {
        try
        {
            return [.. Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal)];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            _problems.Add(new("listeners", fault is DirectoryNotFoundException ? $"there is no directory {root}" : $"{root} cannot be read: {fault.Message}"));
            return null;
        }
    }

    private async Task AddAsync(string plugIn, Task<List<(string Name, IEventListener Listener)>> made, CancellationToken limit)
    {
        try
        {
            foreach (var (name, listener) in await made.WaitAsync(limit))
            {
                Add(name, listener, $"plug-in {plugIn}");
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            _problems.Add(new(plugIn, $"loading it took longer than {options.LoadTimeout}"));
        }
#pragma warning disable CA1031 // Whatever a plug-in's assembly or constructors throw: the server starts without it.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            _problems.Add(new(plugIn, Words(fault)));
        }
    }

    /// <summary>The listeners of a plug-in, one at least, with their names. Throws what is wrong.</summary>
    private static List<(string Name, IEventListener Listener)> Make(string plugIn, string directory)
    {
        var path = Path.GetFullPath(Path.Combine(directory, plugIn + ".dll"));
        if (!File.Exists(path))
        {
            throw new PlugInException($"there is no {plugIn}.dll in {directory}");
        }

        var assembly = new PlugInContext(plugIn, path).LoadFromAssemblyPath(path);
        if (ContractVersion.Problem(assembly) is { } problem)
        {
            throw new PlugInException(problem);
        }

        var types = assembly.GetExportedTypes()
            .Where(type => !type.IsAbstract && typeof(IEventListener).IsAssignableFrom(type) && type.GetConstructor(Type.EmptyTypes) is not null)
            .ToList();
        return types.Count == 0
            ? throw new PlugInException($"no public class of {plugIn}.dll with a constructor without parameters implements {nameof(IEventListener)}")
            : [.. types.Select(type => (IEventListener)Activator.CreateInstance(type)!).Select(listener => (listener.Name, listener))];
    }

    private void Add(IEventListener listener, string origin) => Add(listener.Name, listener, origin);

    private void Add(string name, IEventListener listener, string origin)
    {
        if (name is null || name.Length > MaxNameLength || !NamePattern().IsMatch(name))
        {
            _problems.Add(new(listener.GetType().Name, $"{origin}: \"{name}\" is no name: expected 1 to {MaxNameLength} of a-z, 0-9 and -, a letter first"));
        }
        else if (_listeners.TryGetValue(name, out var other))
        {
            _problems.Add(new(name, $"{origin}: there is a listener of this name already, {other.Origin}; that one is used"));
        }
        else if (_listeners.Count >= options.MaxListeners)
        {
            _problems.Add(new(name, $"{origin}: there are {options.MaxListeners} listeners already, as many as Listeners.MaxListeners allows"));
        }
        else
        {
            _listeners.Add(name, new(name, listener, origin));
        }
    }

    private static string Words(Exception fault) => fault switch
    {
        PlugInException => fault.Message,
        TargetInvocationException { InnerException: { } inner } => Words(inner),
        _ => $"{fault.GetType().Name}: {fault.Message}",
    };

    [GeneratedRegex("^[a-z][a-z0-9-]*$")]
    private static partial Regex NamePattern();

    private sealed class PlugInException(string message) : Exception(message);
}
