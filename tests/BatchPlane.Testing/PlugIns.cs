using System.Runtime.CompilerServices;

namespace BatchPlane.Testing;

/// <summary>Plug-ins as they were built with the tests.</summary>
public static class PlugIns
{
    /// <summary>The sample: appends events to a file, its setting <c>path</c>.</summary>
    public static string JsonLines { get; } = OutputOf("examples/listeners/json-lines");

    /// <summary>Listeners that hang, are slow, throw, or have the name of another.</summary>
    public static string BadListeners { get; } = OutputOf("tests/BatchPlane.TestListeners");

    /// <summary>Puts a plug-in into a directory of plug-ins under a name.</summary>
    public static void Install(string plugIn, string directory, string name)
    {
        var target = Directory.CreateDirectory(Path.Combine(directory, name)).FullName;
        foreach (var file in Directory.EnumerateFiles(plugIn))
        {
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        }
    }

    private static string OutputOf(string project)
    {
        // bin/<configuration>/<framework>, as this very assembly.
        var framework = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.GetFullPath(Path.Combine(Here(), "..", "..", project, "bin", framework.Parent!.Name, framework.Name));
    }

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
