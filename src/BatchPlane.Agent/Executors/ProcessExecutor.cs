using System.Runtime.CompilerServices;
using BatchPlane.Agent.Keeping;
using BatchPlane.Agent.Limits;
using BatchPlane.Agent.Sessions;
using BatchPlane.Agent.Users;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Executors;

/// <summary>Runs attempts as processes of this machine, through the keeper, which outlives this agent.</summary>
internal sealed class ProcessExecutor(KeeperClient keeper, LimitWay limits, RunAsUsers users) : IAttemptExecutor
{
    private const string Shell = "/bin/sh";

    private readonly ConditionalWeakTable<ClaimGrant, byte[]> _notes = new();

    public Task Lost => keeper.Lost;

    public StartResult Start(Launch launch)
    {
        UserAccount? account = null;
        if (launch is { Argv: null, Claim.Run.RunAsUser: { } user } && (account = users.Find(user, out var refusal)) is null)
        {
            return StartResult.Failed(refusal!);
        }

        var environment = launch.Environment ?? AttemptEnvironment.Make(launch, account);
        var run = launch.Claim.Run;
        var argv = launch.Argv ?? (run.Argv is { Count: > 0 } ? run.Argv : [Shell, "-c", run.Command ?? ""]);
        if (argv.Any(HasNul) || environment.Any(variable => HasNul(variable.Key) || HasNul(variable.Value)))
        {
            return StartResult.Failed("the command or an environment variable holds a NUL character");
        }

        var program = ProgramLookup.Find(argv[0], environment["PATH"], launch.Paths.Directory, out var failure);
        if (program is null)
        {
            return StartResult.Failed(failure!);
        }

        // An engine's client is no part of the attempt: its engine holds the container to the same.
        var key = new AttemptKey(launch.Claim.TaskId, launch.Index, launch.Attempt);
        var held = launch.Argv is null ? limits.For(key, run.Resources) : LimitOrder.None;
        if (held != LimitOrder.None || account is not null)
        {
            if (Wrap(launch, [program, .. argv.Skip(1)], held, account, out failure) is not { } wrapped)
            {
                return StartResult.Failed(failure!);
            }

            (program, argv) = (wrapped[0], wrapped);
        }

        return keeper.Start(new SpawnOrder(
            key,
            AttemptNote.Write(launch, _notes.GetValue(launch.Claim, AttemptNote.Claim)),
            AttemptEnvironment.Mark(launch),
            program,
            launch.Paths.Directory,
            launch.Paths.Stdout.Path,
            launch.Paths.Stderr.Path,
            held,
            argv,
            [.. environment.Select(variable => $"{variable.Key}={variable.Value}")]));
    }

    public void Dispose()
    {
        // The keeper lives on: whoever opened the connection ends it.
    }

    // Limits first, as root: what the user becomes cannot get out of them.
    private static IReadOnlyList<string>? Wrap(Launch launch, IReadOnlyList<string> argv, LimitOrder held, UserAccount? account, out string? failure)
    {
        failure = ProgramLookup.WhyNot(argv[0], launch.Paths.Directory);
        if (failure is null && account is not null)
        {
            if (RunAsUsers.Become(account) is { } become)
            {
                failure = RunAsUsers.HandOver(account, launch.Paths);
                argv = [.. become, .. argv];
            }
            else
            {
                failure = "run_as_user: this node has no setpriv (of util-linux)";
            }
        }

        return failure is null ? LimitWay.Wrap(held, argv) : null;
    }

    private static bool HasNul(string text) => text.Contains('\0', StringComparison.Ordinal);
}
