using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;

namespace BatchPlane.Core.Tests.Lifecycles;

public sealed class LifecycleTests
{
    [Fact]
    public void Document_SaysWhatTheTablesSay()
    {
        var path = Repository.PathOf("docs/lifecycles.md");
        if (Environment.GetEnvironmentVariable("BATCHPLANE_UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, LifecycleDocument.Text());
        }

        Assert.Equal(File.ReadAllText(path), LifecycleDocument.Text());
    }

    [Fact]
    public void SucceedIsLeftByNoEvent_FailedByARetryAlone()
    {
        Assert.DoesNotContain(JobLifecycle.Table.Transitions.Keys, key => key.From == RunState.Succeed);
        Assert.DoesNotContain(TaskLifecycle.Table.Transitions.Keys, key => key.From == RunState.Succeed);
        Assert.DoesNotContain(InstanceLifecycle.Table.Transitions.Keys, key => key.From == RunState.Succeed);
        Assert.Equal([JobEvent.Retried], JobLifecycle.Table.Transitions.Keys.Where(key => key.From == RunState.Failed).Select(key => key.On));
        Assert.Equal([TaskEvent.RetriedReady, TaskEvent.RetriedWaiting], TaskLifecycle.Table.Transitions.Keys.Where(key => key.From == RunState.Failed).Select(key => key.On).Order());
        Assert.Equal([InstanceEvent.Retried, InstanceEvent.RetriedWaiting], InstanceLifecycle.Table.Transitions.Keys.Where(key => key.From == RunState.Failed).Select(key => key.On).Order());
        Assert.DoesNotContain(EnvironmentLifecycle.Table.Transitions.Keys, key => key.From == EnvironmentState.Deleted);
        Assert.DoesNotContain(NodeLifecycle.Table.Transitions.Keys, key => key.From == NodeState.Deleted);
    }

    [Fact]
    public void EveryState_IsReachedFromTheFirst()
    {
        AssertReachable(JobLifecycle.Table, except: [RunState.Pending]);
        AssertReachable(TaskLifecycle.Table, except: []);
        AssertReachable(InstanceLifecycle.Table, except: []);
        AssertReachable(EnvironmentLifecycle.Table, except: []);
        AssertReachable(NodeLifecycle.Table, except: []);
    }

    [Fact]
    public void RefusedEvent_ThrowsAndNamesStateAndEvent()
    {
        var exception = Assert.Throws<InvalidOperationException>(() => JobLifecycle.Table.Next(RunState.Succeed, JobEvent.FinishedFailed));

        Assert.Equal("A job in SUCCEED does not take FinishedFailed.", exception.Message);
    }

    /// <summary>Every pair of a state and an event, legal or not: what the drawn matrix leaves empty throws.</summary>
    [Fact]
    public void EveryPair_IsTakenOrRefusedAsDrawn()
    {
        var drawn = File.ReadAllLines(Repository.PathOf("docs/lifecycles.md"));
        Assert.Equal(
            drawn.Where(line => line.StartsWith('|') && !line.StartsWith("|---", StringComparison.Ordinal) && !line.StartsWith("| state |", StringComparison.Ordinal)),
            Rows(JobLifecycle.Table).Concat(Rows(TaskLifecycle.Table)).Concat(Rows(InstanceLifecycle.Table)).Concat(Rows(EnvironmentLifecycle.Table)).Concat(Rows(NodeLifecycle.Table)));
    }

    private static IEnumerable<string> Rows<TState, TEvent>(Lifecycle<TState, TEvent> table)
        where TState : struct, Enum
        where TEvent : struct, Enum =>
        Enum.GetValues<TState>().Select(state => $"| {WireName.Of(state)} | {string.Join(" | ", Enum.GetValues<TEvent>().Select(on => After(table, state, on)))} |");

    /// <summary>What the table really answers.</summary>
    private static string After<TState, TEvent>(Lifecycle<TState, TEvent> table, TState state, TEvent on)
        where TState : struct, Enum
        where TEvent : struct, Enum
    {
        if (table.Allows(state, on))
        {
            return WireName.Of(table.Next(state, on));
        }

        Assert.Throws<InvalidOperationException>(() => table.Next(state, on));
        return " ";
    }

    private static void AssertReachable<TState, TEvent>(Lifecycle<TState, TEvent> table, TState[] except)
        where TState : struct, Enum
        where TEvent : struct, Enum
    {
        var reached = new HashSet<TState> { table.Initial };
        while (table.Transitions.Any(pair => reached.Contains(pair.Key.From) && reached.Add(pair.Value)))
        {
        }

        Assert.Equal(Enum.GetValues<TState>().Except(except).Order(), reached.Order());
    }
}
