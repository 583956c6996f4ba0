using System.Runtime.CompilerServices;

namespace BatchPlane.Tidy.Tests;

/// <summary>The checkout as text. Built output is left out, and so is this project, whose tests hold samples of what is not allowed.</summary>
internal static class SourceTree
{
    private static readonly string[] LeftOut = ["bin", "obj", "node_modules", "TestResults", "BatchPlane.Tidy.Tests"];
    private static readonly string[] Extensions = [".cs", ".sql", ".md", ".csproj", ".sln"];

    internal static string Root { get; } = Path.GetFullPath(Path.Combine(Here(), "..", ".."));

    /// <summary>All files that rules look at, sorted.</summary>
    internal static IReadOnlyList<SourceFile> Files { get; } =
        [.. Walk(Root).Order(StringComparer.Ordinal).Select(path => new SourceFile(Path.GetRelativePath(Root, path).Replace('\\', '/'), File.ReadAllText(path)))];

    /// <summary>Projects, this one included.</summary>
    internal static IReadOnlyList<SourceFile> Projects { get; } =
        [.. Files.Where(file => file.Is(".csproj")), new("tests/BatchPlane.Tidy.Tests/BatchPlane.Tidy.Tests.csproj", "")];

    internal static bool Exists(string relative) => Path.Exists(Path.Combine(Root, relative));

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder).Where(file => Extensions.Contains(Path.GetExtension(file))))
        {
            yield return file;
        }

        foreach (var child in Directory.EnumerateDirectories(folder).Where(child => !Path.GetFileName(child).StartsWith('.') && !LeftOut.Contains(Path.GetFileName(child))))
        {
            foreach (var file in Walk(child))
            {
                yield return file;
            }
        }
    }

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
