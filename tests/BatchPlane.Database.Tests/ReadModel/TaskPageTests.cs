using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;

namespace BatchPlane.Database.Tests.ReadModel;

/// <summary>Pages of instances by state, against all instances looked through one by one.</summary>
public sealed class TaskPageTests : IAsyncLifetime
{
    private static readonly (int Offset, int Limit)[] Pages = [(0, 100), (0, 2), (1, 2), (3, 4), (9, 9), (50, 5), (2, 0)];

    private Installation _installation = null!;
    private Server _server = null!;
    private Node _node = null!;

    private TaskQueries Tasks => new(_installation.DataSource);

    public async Task InitializeAsync()
    {
        _installation = await Installation.CreateAsync();
        _server = await _installation.StartServerAsync();
        _node = await _installation.AddNodeAsync(await _installation.AddEnvironmentAsync());
    }

    public async Task DisposeAsync() => await _installation.DisposeAsync();

    [Fact]
    public async Task InstancesInSomeStates_AreThoseOfAllThatAreInThem()
    {
        var seen = new HashSet<(string Task, RunState State)>();
        var jobId = await _server.SubmittedAsync(Given.Job(
            Given.Task(_node.EnvId, instances: 12, name: "first", retries: 1),
            Given.Task(_node.EnvId, instances: 12, name: "second", failedAction: FailedAction.Interrupt),
            Given.Task(_node.EnvId, instances: 3, name: "third")) with
        {
            Dependences = [new("first", "second", DependenceCondition.EachIndex), new("second", "third")],
        });
        await CheckAsync(jobId, seen);

        var (first, second) = (await IdAsync(jobId, "first"), await IdAsync(jobId, "second"));
        await _server.ClaimAsync(_node, jobId, first, limit: 9);
        await _server.ReportAsync(
            _node, jobId, first, Given.Exited(0), Given.Exited(1), Given.Exited(2, exitCode: 1), Given.Exited(3), Given.Exited(4, exitCode: 1), Given.Exited(5), Given.Exited(6), Given.Report(7, AttemptOutcome.Running));
        await _server.ClaimAsync(_node, jobId, second, limit: 3);
        await _server.ReportAsync(_node, jobId, second, Given.Exited(0), Given.Exited(1, exitCode: 1));
        await _server.TerminateInstanceAsync(jobId, first, 10);
        await _server.TerminateInstanceAsync(jobId, second, 9);
        await CheckAsync(jobId, seen);

        await _server.TerminateAsync(jobId);
        await _server.ReportAsync(_node, jobId, first, Given.Report(7, AttemptOutcome.Signaled), Given.Report(8, AttemptOutcome.Signaled));
        await CheckAsync(jobId, seen);

        Assert.Equal(Enum.GetValues<RunState>().Except([RunState.Submitted]).Order(), seen.Select(one => one.State).Distinct().Order());
    }

    /// <summary>Tried again in a task that waits again: it is PENDING to everybody, also what was claimed before, and the counters and the journal say the same.</summary>
    [Fact]
    public async Task TriedAgainInATaskThatWaits_IsPending()
    {
        var seen = new HashSet<(string Task, RunState State)>();
        var jobId = await _server.SubmittedAsync(Given.Job(
            Given.Task(_node.EnvId, instances: 2, name: "first"),
            Given.Task(_node.EnvId, instances: 12, name: "second", failedAction: FailedAction.FastInterrupt),
            Given.Task(_node.EnvId, instances: 3, name: "third")) with
        {
            Dependences = [new("first", "second", DependenceCondition.Finished), new("second", "third")],
        });
        var (first, second) = (await IdAsync(jobId, "first"), await IdAsync(jobId, "second"));
        await _server.ClaimAsync(_node, jobId, first, limit: 2);
        await _server.ReportAsync(_node, jobId, first, Given.Exited(0), Given.Exited(1, exitCode: 1));
        await _server.ClaimAsync(_node, jobId, second, limit: 5);
        await _server.ReportAsync(_node, jobId, second, Given.Exited(0), Given.Exited(1, exitCode: 1), Given.Exited(2), Given.Exited(3, exitCode: 1), Given.Exited(4, exitCode: 1));
        await _server.TerminateAsync(jobId);
        Assert.IsType<RetryOutcome.Accepted>(await _server.RetryAsync(_node, jobId));

        await CheckAsync(jobId, seen);
        var task = (await Tasks.FindAsync(jobId, "second", default))!;
        Assert.Equal((RunState.Pending, 2L, 10L), (task.State, task.InstanceMetrics.SucceedCount, task.InstanceMetrics.PendingCount));
        Assert.Equal(10, (await Tasks.PageAsync(second, [RunState.Pending], 0, 100, default)).Count);
        Assert.Equal(["PENDING"], await _installation.RowsAsync("SELECT DISTINCT state FROM events WHERE cause = 'retried' AND level = 'task_instance' AND task_no > 0"));

        await _server.ClaimAsync(_node, jobId, first, limit: 2);
        await _server.ReportAsync(_node, jobId, first, Given.Exited(1, attempt: 2));
        await CheckAsync(jobId, seen);
        Assert.Contains(("second", RunState.Runnable), seen);
    }

    /// <summary>A task of which most has ended well: nobody looks through that for what is not there, or is not asked for.</summary>
    [Theory]
    [InlineData("null", 0, 10)]
    [InlineData("'{FAILED_INTERRUPTED}'", 0, 0)]
    [InlineData("'{RUNNING}'", 0, 0)]
    [InlineData("'{SUCCEED}'", 10, 10)]
    [InlineData("'{FAILED}'", 2, 3)]
    public async Task LongTask_IsNotLookedThroughForWhatIsNotAsked(string states, int offset, int found)
    {
        const int Rows = 50_000;
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_node.EnvId, instances: Rows, name: "long")));
        var taskId = await IdAsync(jobId, "long");
        await _installation.ExecuteAsync($"""
            INSERT INTO task_instances (task_id, instance_index, state, attempt, node_id, node_epoch, launched_at, running_at, finished_at)
            SELECT {taskId}, n, CASE WHEN n % 10 = 0 AND n < 50 THEN 'FAILED' ELSE 'SUCCEED' END, 1, '{_node.NodeId}', 1, now(), now(), now() FROM generate_series(0, {Rows - 1}) AS n;
            UPDATE tasks SET next_index = {Rows}, succeed_count = {Rows - 5}, failed_count = 5 WHERE task_id = {taskId};
            ANALYZE task_instances, tasks
            """);
        var sql = SqlText.Load("ReadModel/Sql/task_instance_page.sql")
            .Replace("@task_id", $"{taskId}", StringComparison.Ordinal).Replace("@states", states, StringComparison.Ordinal)
            .Replace("@page_offset", $"{offset}", StringComparison.Ordinal).Replace("@page_limit", "10", StringComparison.Ordinal);

        var plan = string.Join('\n', await _installation.RowsAsync($"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) {sql}"));

        Assert.Contains($"rows={found} ", plan.Split('\n')[0], StringComparison.Ordinal);
        Assert.DoesNotMatch(@"on task_instances [^\n]*\(actual rows=[0-9]{3,}", plan);
        Assert.DoesNotMatch("Rows Removed by Filter: [0-9]{4,}", plan);
    }

    [Fact]
    public async Task Task_IsFoundWithWhereItsOutputsAreStored()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(
            Given.Task(_node.EnvId, name: "plain"),
            Given.Task(_node.EnvId, instances: 5, name: "stored") with { RedirectInfo = new() { StdoutRedirectPath = "cos://bucket/out/" } }));

        var (plain, stored) = ((await Tasks.FindAsync(jobId, "plain", default))!, (await Tasks.FindAsync(jobId, "stored", default))!);

        Assert.Equal((RunState.Runnable, 1, 1L), (plain.State, plain.InstanceCount, plain.InstanceMetrics.RunnableCount));
        Assert.Null(plain.RedirectInfo);
        Assert.Equal("cos://bucket/out/", stored.RedirectInfo?.StdoutRedirectPath);
        Assert.Null(await Tasks.FindAsync(jobId, "none", default));
        await _server.ClaimAsync(_node, jobId, stored.TaskId, limit: 2);
        Assert.Equal([(0, 1), (1, 1)], (await Tasks.FindAttemptsAsync(stored.TaskId, [0, 1, 4, 9], default)).Select(pair => (pair.Key, pair.Value)).Order());
    }

    private async Task CheckAsync(string jobId, HashSet<(string Task, RunState State)> seen)
    {
        foreach (var name in new[] { "first", "second", "third" })
        {
            var task = (await Tasks.FindAsync(jobId, name, default))!;
            var all = (await new JobQueries(new(_installation.DataSource)).ListInstancesAsync(jobId, name, 0, 100, default))!;
            seen.UnionWith(all.Select(instance => (name, instance.TaskInstanceState)));
            foreach (var states in Sets())
            {
                var wanted = all.Where(instance => states?.Contains(instance.TaskInstanceState) != false).Select(Line).ToList();
                foreach (var (offset, limit) in Pages)
                {
                    var page = await Tasks.PageAsync(task.TaskId, states, offset, limit, default);
                    Assert.Equal(wanted.Skip(offset).Take(limit), page.Select(Line));
                }
            }
        }
    }

    /// <summary>All states, each one, each two of them, and none.</summary>
    private static IEnumerable<RunState[]?> Sets()
    {
        var states = Enum.GetValues<RunState>();
        return [null, [], .. states.Select(state => new[] { state }), .. states.SelectMany(one => states.Where(other => other > one).Select(other => new[] { one, other }))];
    }

    private static string Line(TaskInstanceView instance) =>
        $"{instance.TaskInstanceIndex} {instance.TaskInstanceState} {instance.ExitCode} {instance.Cause} {instance.StateReason} {instance.LaunchedAt:O} {instance.RunningAt:O} {instance.FinishedAt:O}";

    private static string Line(ListedInstance instance) =>
        $"{instance.Index} {instance.State} {instance.ExitCode} {instance.Cause} {instance.Reason} {instance.LaunchedAt:O} {instance.RunningAt:O} {instance.FinishedAt:O}";

    private Task<long> IdAsync(string jobId, string name) => _installation.ScalarAsync<long>($"SELECT task_id FROM tasks WHERE job_id = '{jobId}' AND task_name = '{name}'");
}
