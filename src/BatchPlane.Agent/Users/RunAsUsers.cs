using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Hosts;

namespace BatchPlane.Agent.Users;

/// <summary>
/// Runs commands as another user of this machine: whether it may be, what has to belong to it, and how the command becomes it. It is a one-way street: all numbers of user and group are
/// changed, no capability is left, and no program that it runs gives it more (<c>no_new_privs</c>).
/// </summary>
/// <param name="allowed">Names of the users that tasks may name.</param>
/// <param name="isRoot">Whether this process is root.</param>
internal sealed class RunAsUsers(IReadOnlyCollection<string> allowed, bool isRoot)
{
    private const int ExecuteByOthers = 1;
    private const int ExecuteByGroup = 8;
    private const int ExecuteByOwner = 64;

    /// <summary>The user that a task names; null with a <paramref name="failure"/> when this agent runs nothing as that one.</summary>
    internal UserAccount? Find(string name, out string? failure)
    {
        if (!allowed.Contains(name))
        {
            failure = $"run_as_user: this node does not allow '{name}'; its agent would have to be started with --allow-user {name}";
            return null;
        }

        if (!isRoot)
        {
            failure = $"run_as_user: the agent of this node is not root, so it cannot run anything as '{name}'";
            return null;
        }

        var account = UserAccount.Find(name);
        failure = account is null ? $"run_as_user: this node has no user '{name}'" : null;
        return account;
    }

    /// <summary>Makes all files of an attempt the user's: those staged, the outputs, the file for progress. Null, or why not.</summary>
    internal static string? HandOver(UserAccount account, AttemptPaths paths)
    {
        if (FirstClosed(account, Path.GetDirectoryName(paths.Directory)!) is { } closed)
        {
            return $"run_as_user: '{account.Name}' may not enter {closed}, which is above its working directory";
        }

        try
        {
            foreach (var file in new[] { paths.Stdout.Path, paths.Stderr.Path, paths.Progress })
            {
                File.Create(file).Dispose();
                Ownership.Give(file, account.Id, account.Group);
            }

            Ownership.Give(paths.Directory, account.Id, account.Group);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"run_as_user: the working directory cannot be given to '{account.Name}': {e.Message}";
        }
    }

    /// <summary>What of an account the command finds in its environment.</summary>
    internal static void AddVariables(UserAccount account, Dictionary<string, string> variables)
    {
        (variables["HOME"], variables["USER"], variables["LOGNAME"], variables["SHELL"]) = (account.Home, account.Name, account.Name, account.Shell);

        // The agent's own.
        variables.Remove("TMPDIR");
    }

    /// <summary>The words in front of a command that make it the user's; null: this machine has no program for it.</summary>
    internal static IReadOnlyList<string>? Become(UserAccount account) =>
        ProgramLookup.Find("setpriv", ProgramLookup.DefaultPath, "/", out _) is { } setpriv
            ? [setpriv, $"--reuid={account.Name}", FormattableString.Invariant($"--regid={account.Group}"), "--init-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"]
            : null;

    // By its first group, or as everybody.
    private static string? FirstClosed(UserAccount account, string path)
    {
        if (Path.GetDirectoryName(path) is { } above && FirstClosed(account, above) is { } closed)
        {
            return closed;
        }

        if (account.Id == 0 || DirectoryStamp.Of(path) is not { } stamp)
        {
            return null;
        }

        var needed = stamp.Owner == account.Id ? ExecuteByOwner : stamp.Group == account.Group ? ExecuteByGroup : ExecuteByOthers;
        return (stamp.Mode & needed) == 0 ? path : null;
    }
}
