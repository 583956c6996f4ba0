using System.Globalization;
using BatchPlane.Agent.Hosts;

namespace BatchPlane.Agent.Executors.Containers;

/// <summary>
/// Gives the files of an attempt to the user that its container runs as, the image's or that of <c>--user</c>, and takes them back where the agent could not handle them.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>podman does it itself when the container starts (mount option <c>U</c>). Where it is not root's, the users of its containers are users of the machine that the agent is not: what they
/// wrote is given to the agent when the container is gone, before anything of it is stored or removed.</item>
/// <item>docker: an agent that is root gives the files to the user, whose number the container's own <c>/etc/passwd</c> tells where it has a name. Where the number is not known, or not that of
/// outside, or the agent is not root, everybody may do with them what their owner may.</item>
/// </list>
/// </remarks>
internal static class ContainerUser
{
    private const string Root = "root";

    /// <summary>What a mount of the attempt's own files ends with.</summary>
    internal static string MountOption(ContainerEngine engine) => engine.IsPodman ? ":U" : "";

    /// <summary>Gives the files of an attempt to the user of its container, which is made and not started.</summary>
    /// <exception cref="IOException">They cannot be given.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be given.</exception>
    /// <exception cref="OperationCanceledException">By <paramref name="kill"/>.</exception>
    internal static async Task GiveAsync(ContainerEngine engine, string container, AttemptPaths paths, CancellationToken kill)
    {
        if (engine.IsPodman)
        {
            return;
        }

        var asked = await engine.Client.CallAsync(["inspect", "--type", "container", "--format", "{{.Config.User}}", container], engine.Options.CommandTimeout, kill);
        var user = asked.Output.Split(':')[0];
        if (asked.IsOk && user is "" or Root or "0")
        {
            return;
        }

        var number = Environment.IsPrivilegedProcess && !engine.MapsUsers ? await NumberOfAsync(engine, container, user, kill) : null;
        foreach (var path in new[] { paths.Progress, paths.Directory })
        {
            if (number is { } known)
            {
                Ownership.Give(path, known, Ownership.SameGroup);
            }
            else
            {
                Ownership.Open(path);
            }
        }
    }

    /// <summary>Makes what users of a container wrote to a directory the agent's own, where it is not root. Null: it is; else why not, in words.</summary>
    internal static async Task<string?> TakeBackAsync(ContainerEngine engine, string directory)
    {
        if (!engine.IsPodman || !engine.MapsUsers || DirectoryStamp.Of(Path.GetDirectoryName(directory)!) is not { } above || !Ownership.HasForeign(directory, above.Owner))
        {
            return null;
        }

        // Root in there is the agent's user.
        var answer = await engine.Client.CallAsync(["unshare", "chown", "--recursive", "--no-dereference", "0:0", directory], engine.Options.CommandTimeout, CancellationToken.None);
        return answer.IsOk ? null : answer.Words;
    }

    private static async Task<uint?> NumberOfAsync(ContainerEngine engine, string container, string user, CancellationToken kill)
    {
        if (uint.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        // A tar archive with one file: what its header adds is no line of an account.
        var archive = await engine.Client.CallAsync(["cp", $"{container}:/etc/passwd", "-"], engine.Options.CommandTimeout, kill);
        var accounts = archive.Output.Split('\n', '\0').Select(line => line.Split(':'));
        return accounts.FirstOrDefault(fields => fields.Length > 2 && fields[0] == user) is { } account
            && uint.TryParse(account[2], NumberStyles.None, CultureInfo.InvariantCulture, out number) ? number : null;
    }
}
