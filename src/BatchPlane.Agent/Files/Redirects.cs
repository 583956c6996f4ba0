using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Files;

/// <summary>An output that is stored besides.</summary>
/// <param name="What">Name of it in reasons.</param>
/// <param name="Source">File of the agent with the output.</param>
/// <param name="Directory">Where to, with a scheme.</param>
/// <param name="FileName">Name there.</param>
internal sealed record Redirect(string What, string Source, string Directory, string FileName);

/// <summary>Redirects of an attempt, with their placeholders filled in.</summary>
internal static class Redirects
{
    /// <summary>Those asked for, in a fixed order.</summary>
    internal static IEnumerable<Redirect> Of(Attempt attempt)
    {
        var files = attempt.Claim.Run.Files!;
        var (stdout, stderr) = (attempt.Paths.Stdout.Path, attempt.Paths.Stderr.Path);
        Redirect?[] all =
        [
            Make(attempt, "stdout", stdout, files.RedirectInfo?.StdoutRedirectPath, files.RedirectInfo?.StdoutRedirectFileName),
            Make(attempt, "stderr", stderr, files.RedirectInfo?.StderrRedirectPath, files.RedirectInfo?.StderrRedirectFileName),
            Make(attempt, "stdout", stdout, OnNode(files.RedirectLocalInfo?.StdoutLocalPath), files.RedirectLocalInfo?.StdoutLocalFileName),
            Make(attempt, "stderr", stderr, OnNode(files.RedirectLocalInfo?.StderrLocalPath), files.RedirectLocalInfo?.StderrLocalFileName),
        ];
        return all.OfType<Redirect>();
    }

    private static Redirect? Make(Attempt attempt, string stream, string source, string? directory, string? name)
    {
        if (directory is null)
        {
            return null;
        }

        var fileName = RedirectFileName.Of(name, stream, attempt.Claim.JobId, attempt.Claim.TaskName, attempt.Key.Index);
        return new($"{stream} to {directory}", source, directory, fileName);
    }

    private static string? OnNode(string? path) => path is null ? null : $"file://{path.TrimEnd('/')}/";
}
