using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using static BatchPlane.Core.Tests.Jobs.JobWorld;

namespace BatchPlane.Core.Tests.Jobs;

/// <summary>Random jobs driven by random, repeated, late and reordered commands: nothing may ever get out of step, and every job ends.</summary>
public sealed class JobAggregateProperties
{
    private const int Seeds = 400;
    private const int Steps = 250;
    private const string OtherNode = "node-bbbbbbbb";

    [Fact]
    public void AnyJob_StaysConsistentAndEnds() => ForEachSeed(seed => Run(seed, lookEvery: 1));

    /// <summary>A look at the journal ends its open rows, as a transaction does. However much goes into a transaction: the same happens.</summary>
    [Fact]
    public void EventsThatShareRows_AreTheSameEvents()
    {
        var shared = 0;
        ForEachSeed(seed =>
        {
            var single = Run(seed, lookEvery: 1, afterEach: world => Assert.NotEmpty(world.Job.Journal));
            var together = Run(seed, lookEvery: 1 + (seed % 40));
            Assert.Equal(Facts(single), Facts(together));
            Assert.Equal(single.Job.Job.LastSequence, together.Job.Job.LastSequence);
            shared += single.Job.Journal.Count - together.Job.Journal.Count;
        });
        Assert.True(shared > Seeds / 4, $"only {shared} rows fewer: nothing was put to the test");
    }

    /// <summary>The control: an account that is wrong by one anywhere is seen.</summary>
    [Fact]
    public void DamagedAccount_IsSeen()
    {
        Action<JobWorld>[] damages =
        [
            world => world["a"].StartingCount++,
            world => world["a"].RunningCount--,
            world => world["a"].SucceedCount++,
            world => world["a"].FailedCount++,
            world => world["a"].InterruptedCount++,
            world => world["a"].NextIndex++,
            world => world["a"].Requeued.Add(0),
            world => world["a"].State = RunState.Succeed,
            world => world["a"].Cause = Cause.Succeeded,
            world => world.Instance("a", 0).State = RunState.Running,
            world => world.Job.Job.State = RunState.Failed,
            world => world.Job.Job.LastSequence++,
            world => world["a"].CloseCause = Cause.Terminated,
        ];
        Assert.All(damages, damage =>
        {
            var world = Of([Task("a", 4)]);
            world.Claim("a", 3);
            world.Succeed("a", 0);
            world.Report("a", 1, AttemptOutcome.Running);
            world.AssertConsistent();
            damage(world);
            Assert.ThrowsAny<Xunit.Sdk.XunitException>(world.AssertConsistent);
        });
    }

    private static void ForEachSeed(Action<int> run)
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            try
            {
                run(seed);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"seed {seed}: {exception.Message}", exception);
            }
        }
    }

    /// <summary>Everything that is said of each instance, in the order of its events, and everything that is said of tasks and the job.</summary>
    private static IEnumerable<string> Facts(JobWorld world) => world.Events()
        .Select((one, position) => (one.Entry, Index: one.Entry.InstanceIndex + one.Offset, RunningAt: RunningAt(one.Entry, one.Offset), position))
        .OrderBy(one => one.Entry.Level)
        .ThenBy(one => one.Entry.TaskNo)
        .ThenBy(one => one.Index)
        .ThenBy(one => one.position)
        .Select(one => (one.Entry with { Sequence = 0, Span = 1, InstanceIndex = one.Index, RunningAt = one.RunningAt, RunningOffsets = null }).ToString());

    private static DateTimeOffset? RunningAt(JournalEntry entry, int offset) =>
        entry.RunningOffsets is { } offsets ? entry.RunningAt + TimeSpan.FromMicroseconds(offsets[offset]) : entry.RunningAt;

    private static JobWorld Run(int seed, int lookEvery, Action<JobWorld>? afterEach = null)
    {
        var random = new Random(seed);
        var world = Make(random);
        world.AfterReport = afterEach;
        world.AssertConsistent();
        var earlier = new List<Telling>();
        for (var step = 0; step < Steps; step++)
        {
            var finals = world.Job.Tasks.Where(task => task.State is RunState.Succeed or RunState.Failed).Select(task => (task.TaskNo, task.State)).ToList();
            var life = world.Job.Job.RetriedAt;
            Step(world, random, earlier);
            world.Now += step % 10 == 0 ? TimeSpan.FromMilliseconds(7) : TimeSpan.Zero;
            if (step % lookEvery == 0)
            {
                world.AssertConsistent();
            }

            var kept = finals.Where(final => final.State == RunState.Succeed || world.Job.Job.RetriedAt == life);
            Assert.All(kept, final => Assert.Equal(final.State, world.Job.Tasks[final.TaskNo].State));
        }

        for (var lives = 0; lives < 3; lives++)
        {
            Finish(world, random);
            Assert.True(RunStates.IsFinal(world.State), $"the job is {world.State}");
            world.AssertConsistent();
            Retry(world, random);
            world.AssertConsistent();
        }

        Finish(world, random);
        return world;
    }

    private static JobWorld Make(Random random)
    {
        int[] instances = [random.Next(1, 6), random.Next(1, 6)];
        var tasks = Enumerable.Range(0, random.Next(1, 7)).Select(n => Task(
            $"t{n}",
            instances[random.Next(0, 2)],
            random.Next(0, 3),
            (FailedAction)random.Next(0, 3),
            random.Next(0, 3) == 0 ? random.Next(1, 4) : null) with
        {
            RetryRules = Rules(random),
            RetryBackoff = random.Next(0, 3) == 0 ? new() { InitialSeconds = 2 } : null,
            MaxFailedNum = random.Next(0, 3) == 0 ? random.Next(1, 4) : null,
            TimeLimit = random.Next(0, 4) == 0 ? random.Next(1, 60) : null,
        }).ToArray();
        var edges = new List<DependenceDocument>();
        for (var to = 1; to < tasks.Length; to++)
        {
            for (var from = 0; from < to; from++)
            {
                if (random.Next(0, 3) == 0)
                {
                    edges.Add(new($"t{from}", $"t{to}", Condition(random, tasks[from], tasks[to])));
                }
            }
        }

        return Of(tasks, [.. edges], (TaskExecutionDependOn)random.Next(0, 3), timeLimit: random.Next(0, 4) == 0 ? random.Next(1, 90) : null);
    }

    private static RetryRuleDocument[] Rules(Random random) => [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => new RetryRuleDocument
    {
        Action = (RetryAction)random.Next(0, 3),
        ExitCodes = random.Next(0, 2) == 0 ? ["1"] : [],
        Causes = random.Next(0, 2) == 0 ? [(AttemptFailure)random.Next(0, 4)] : [],
        MaxRetryCount = random.Next(0, 2) == 0 ? random.Next(1, 4) : null,
        Backoff = random.Next(0, 2) == 0 ? new() : null,
    })];

    private static DependenceCondition? Condition(Random random, TaskDocument from, TaskDocument to)
    {
        var condition = (DependenceCondition)random.Next(0, 9);
        return Enum.IsDefined(condition) && (condition != DependenceCondition.EachIndex || from.TaskInstanceNum == to.TaskInstanceNum) ? condition : null;
    }

    private static void Step(JobWorld world, Random random, List<Telling> earlier)
    {
        var task = world.Job.Tasks[random.Next(world.Job.Tasks.Count)];
        world.Now += TimeSpan.FromMilliseconds(random.Next(0, 500));
        switch (random.Next(0, 28))
        {
            case < 8:
                world.Claim(task.TaskName, random.Next(1, 4), random.Next(0, 3) == 0 ? OtherNode : Node);
                break;
            case < 16 when world.AnyClaimed(task.TaskName, random) is { } index:
                var (number, holder) = (world.Instance(task.TaskName, index).Attempt, world.Instance(task.TaskName, index).NodeId);
                var report = new Telling(task.TaskName, index, number, (AttemptOutcome)random.Next(0, 7), random.Next(0, 2), holder, random.Next(0, 2) * (earlier.Count + 1));
                earlier.Add(report);
                Report(world, report);
                break;
            case < 18 when earlier.Count > 0:
                // Again, late, or by a node that never held it.
                var again = earlier[random.Next(earlier.Count)];
                Report(world, random.Next(0, 4) == 0 ? again with { Node = again.Node == Node ? OtherNode : Node } : again);
                break;
            case 18 when world.AnyClaimed(task.TaskName, random) is { } lost:
                world.Job.LoseAttempt(task.TaskId, lost, world.Instance(task.TaskName, lost).NodeId, random.Next(0, 3) == 0 ? Epoch - 1 : Epoch, "lost", world.Now);
                break;
            case > 20 and < 24 when task.Delayed.Ranges is [var (first, _), ..]:
                var isDue = world.DueAt(task.TaskName, first) <= world.Now;
                Assert.Equal(isDue, world.Release(task.TaskName, first));
                break;
            case 24:
                world.Job.CloseOverdue(world.Now);
                break;
            case 19 when random.Next(0, 12) == 0:
                world.Job.RequestTermination("user:tester", null, world.Now);
                break;
            case 20:
                var outcome = (AttemptOutcome)random.Next(0, 7);
                foreach (var held in world.Claimed(task).Where(instance => RunStates.IsHeldByNode(instance.State)))
                {
                    Report(world, new(task.TaskName, held.Index, held.Attempt, outcome, 0, held.NodeId, 0));
                }

                break;
            case 25 when random.Next(0, 8) == 0:
                world.Job.RequestTaskTermination(task.TaskId, "user:tester", null, world.Now);
                break;
            case 26 when random.Next(0, 2) == 0:
                world.Job.RequestInstanceTermination(task.TaskId, random.Next(0, task.InstanceCount), "user:tester", null, world.Now);
                break;
            case 27:
                Retry(world, random);
                break;
            default:
                break;
        }
    }

    private static AttemptProgress? Progress(int number) =>
        number == 0 ? null : new() { Number = number, Percent = number % 101, PostedMsAgo = 0, Events = [new("posted")] };

    /// <summary>Everything that failed, or something of it.</summary>
    private static RetryOutcome Retry(JobWorld world, Random random)
    {
        if (random.Next(0, 2) == 0)
        {
            return world.Retry();
        }

        var task = world.Job.Tasks[random.Next(world.Job.Tasks.Count)];
        return world.Retry((task.TaskName, random.Next(0, 2) == 0 ? null : [random.Next(0, task.InstanceCount), random.Next(0, task.InstanceCount)]));
    }

    /// <summary>Reports; who does not hold the attempt is refused and changes nothing.</summary>
    private static void Report(JobWorld world, Telling telling)
    {
        var (task, index, attempt, outcome, exitCode, node, posted) = telling;
        var instance = world.Instance(task, index);
        var isHolder = instance.Attempt == attempt && instance.NodeId == node;
        var (state, sequence) = (instance.State, world.Job.Job.LastSequence);
        Assert.Equal(isHolder, world.Report(task, index, outcome, attempt, exitCode, node, progress: Progress(posted)));
        if (!isHolder)
        {
            Assert.Equal((state, sequence), (world.Instance(task, index).State, world.Job.Job.LastSequence));
        }
    }

    /// <summary>From here on everything is claimed and ends somehow: then the job must end.</summary>
    private static void Finish(JobWorld world, Random random)
    {
        for (var round = 0; round < 200 && !RunStates.IsFinal(world.State); round++)
        {
            world.Now += TimeSpan.FromMinutes(6);
            foreach (var task in world.Job.Tasks)
            {
                foreach (var (first, count) in task.Delayed.Ranges.ToList())
                {
                    Assert.All(Enumerable.Range(first, count), index => Assert.True(world.Release(task.TaskName, index)));
                }

                world.Claim(task.TaskName);
                foreach (var instance in world.Claimed(task).Where(instance => RunStates.IsHeldByNode(instance.State)))
                {
                    world.Report(task.TaskName, instance.Index, AttemptOutcome.Exited, instance.Attempt, random.Next(0, 2), instance.NodeId);
                }
            }
        }
    }

    /// <summary>What a node says of an attempt; <paramref name="Posted"/> is the number of its progress, 0: none.</summary>
    private sealed record Telling(string Task, int Index, int Attempt, AttemptOutcome Outcome, int ExitCode, string Node, int Posted);
}
