using System.Runtime.CompilerServices;

namespace BatchPlane.Database.Tests;

/// <summary>Files of the checkout, for tests that compare documents with code.</summary>
internal static class Repository
{
    internal static string PathOf(string relative) => Path.GetFullPath(Path.Combine(Here(), "..", "..", "..", relative));

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
