using System.Runtime.CompilerServices;

namespace BatchPlane.EndToEnd.Tests.Cli;

/// <summary>Compares text with a file under version control. <c>BATCHPLANE_UPDATE_GOLDEN=1</c> writes the files instead.</summary>
internal static class Golden
{
    public static void Equal(string name, string actual, [CallerFilePath] string caller = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(caller)!, "Golden", name);
        if (Environment.GetEnvironmentVariable("BATCHPLANE_UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, actual);
        }

        Assert.Equal(File.ReadAllText(path), actual);
    }
}
