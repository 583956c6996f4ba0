using System.Diagnostics;
using System.Text;
using BatchPlane.Agent.Users;
using BatchPlane.Contracts;
using static BatchPlane.Agent.Tests.AgentHarness;

namespace BatchPlane.Agent.Tests.Users;

/// <summary>Commands that run as another user of this machine. The tests are root, as an agent has to be.</summary>
public sealed class RunAsUserTests
{
    private const UnixFileMode OpenToAll = (UnixFileMode)0x1ED; // 0755
    private const string User = "nobody";

    [Fact]
    public async Task Command_IsTheUsersWithItsFilesAndHasNoWayBack()
    {
        await using var agent = await StartAsync(OpenToAll);
        var input = Directory.CreateDirectory(agent.Mark("input")).FullName;
        await File.WriteAllTextAsync(Path.Combine(input, "staged"), "x");

        agent.Server.Offer(As(User, $$"""
            id -u; id -G; echo $HOME $USER
            touch made && stat -c %U . made in/staged
            echo again >> /dev/stdout
            echo "50 half" >> $BATCH_PROGRESS_FILE || exit 9
            grep -E '^(Uid|Gid|CapPrm|CapEff|CapBnd|NoNewPrivs)' /proc/self/status | tr '\t' ' '
            kill -0 {{Environment.ProcessId}} 2>/dev/null && echo mighty
            touch {{agent.Mark("made")}} 2>/dev/null && echo loose
            exit 7
            """) with { Files = new() { InputMappings = [new($"file://{input}/", "in/")] } });

        var ended = await agent.Server.EndAsync();
        var (uid, gid) = (await IdAsync("-u", User), await IdAsync("-g", User));
        Assert.Equal((7, null), (ended.ExitCode, ended.Reason));
        Assert.Equal(
            [
                uid, await IdAsync("-G", User), "/nonexistent nobody", User, User, User, "again",
                $"Uid: {uid} {uid} {uid} {uid}", $"Gid: {gid} {gid} {gid} {gid}", "CapPrm: 0000000000000000", "CapEff: 0000000000000000", "CapBnd: 0000000000000000", "NoNewPrivs: 1",
            ],
            Lines(ended));
    }

    [Fact]
    public async Task SupplementaryGroups_AreTheUsers()
    {
        // One that is in another group than its first, where the machine has such a user.
        var user = File.ReadLines("/etc/group").Select(line => line.Split(':')[3].Split(',')[0]).FirstOrDefault(name => name.Length > 0 && name != "root") ?? "daemon";
        await using var agent = await StartAsync(OpenToAll, user);

        agent.Server.Offer(As(user, "id -G"));

        Assert.Equal([await IdAsync("-G", user)], Lines(await agent.Server.EndAsync()));
    }

    [Fact]
    public async Task WhatTheUserHad_IsNotGivenToTheNextAttempt()
    {
        await using var agent = await StartAsync(OpenToAll);

        agent.Server.Offer(As(User, "mkdir -p a/b; touch a/b/c; chmod 0 a/b/c; ln -s / a/root"), count: 3);
        for (var index = 0; index < 3; index++)
        {
            Assert.Equal(0, (await agent.Server.EndAsync(index)).ExitCode);
        }

        agent.Server.Offer(Shell("stat -Lc %U . /proc/self/fd/1 /proc/self/fd/2"), count: 6, taskId: 2);
        for (var index = 0; index < 6; index++)
        {
            Assert.Equal(["root", "root", "root"], Lines(await agent.Server.EndAsync(index, taskId: 2)));
        }

        var left = Path.Combine(agent.Directory, "attempts");
        await Eventually.ReachAsync(() => Directory.GetDirectories(left, "1.*", SearchOption.AllDirectories).Length == 0, () => string.Join(' ', Directory.GetDirectories(left)));
        Assert.True(File.Exists("/etc/passwd"));
    }

    [Fact]
    public async Task LimitsHold_WhoeverItRunsAs()
    {
        await using var agent = await AgentHarness.StartAsync(options: (url, directory) =>
        {
            File.SetUnixFileMode(directory, OpenToAll);
            return Options(url, directory, limits: new() { Choice = LimitChoice.Prlimit }, users: User);
        });

        agent.Server.Offer(As(User, "id -un; ulimit -d") with { Resources = new() { MemoryMib = 100 } });

        Assert.Equal([User, "102400"], Lines(await agent.Server.EndAsync()));
    }

    [Theory]
    [InlineData("daemon", "does not allow 'daemon'")]
    [InlineData("no-such-user", "no user 'no-such-user'")]
    public async Task UserThatIsNotAllowedOrUnknown_IsTheCause(string user, string words)
    {
        await using var agent = await StartAsync(OpenToAll, User, "no-such-user");

        agent.Server.Offer(As(user, "true"));

        var ended = await agent.Server.EndAsync();
        Assert.Equal(AttemptOutcome.StartFailed, ended.Outcome);
        Assert.Contains(words, ended.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DirectoryThatTheUserCannotReach_IsTheCause()
    {
        await using var agent = await StartAsync(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        agent.Server.Offer(As(User, "true"));

        var ended = await agent.Server.EndAsync();
        Assert.Equal((AttemptOutcome.StartFailed, $"run_as_user: 'nobody' may not enter {agent.Directory}, which is above its working directory"), (ended.Outcome, ended.Reason));
    }

    [Fact]
    public void AgentThatIsNotRoot_SaysSo()
    {
        Assert.Null(new RunAsUsers([User], isRoot: false).Find(User, out var failure));
        Assert.Contains("is not root", failure, StringComparison.Ordinal);
        Assert.Equal(User, new RunAsUsers([User], isRoot: true).Find(User, out _)!.Name);
    }

    private static Task<AgentHarness> StartAsync(UnixFileMode mode, params string[] users) =>
        AgentHarness.StartAsync(options: (url, directory) =>
        {
            File.SetUnixFileMode(directory, mode);
            return Options(url, directory, slots: 1, files: new() { Roots = directory }, users: users.Length > 0 ? users : [User]);
        });

    private static RunSpec As(string user, string command) => Shell(command) with { RunAsUser = user };

    private static string[] Lines(AttemptReport report) =>
        Encoding.UTF8.GetString(Convert.FromBase64String(report.Stdout ?? "")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static async Task<string> IdAsync(string what, string user)
    {
        using var id = Process.Start(new ProcessStartInfo("id", [what, user]) { RedirectStandardOutput = true })!;
        return (await id.StandardOutput.ReadToEndAsync()).Trim();
    }
}
