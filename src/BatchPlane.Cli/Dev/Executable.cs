namespace BatchPlane.Cli.Dev;

/// <summary>How to start this program again.</summary>
internal static class Executable
{
    private const string DotnetHost = "dotnet";

    /// <summary>The program, and its first argument when it runs under the <c>dotnet</c> host.</summary>
    internal static string[] CommandLine()
    {
        var program = Environment.ProcessPath ?? throw new StartException("the path of this program is unknown");
        return Path.GetFileNameWithoutExtension(program) == DotnetHost
            ? [program, typeof(Executable).Assembly.Location]
            : [program];
    }
}
