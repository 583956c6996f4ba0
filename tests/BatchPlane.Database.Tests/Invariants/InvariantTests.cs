using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Database.Tests.Invariants;

/// <summary>The controls of the invariants: each finds a violation planted behind the program's back, else its silence proves nothing.</summary>
public sealed class InvariantTests(InvariantTests.LivelyDatabase database) : IClassFixture<InvariantTests.LivelyDatabase>
{
    /// <summary>The environment becomes that of the task 'live' alone.</summary>
    private const string Own =
        "UPDATE tasks SET owns_env = true WHERE task_name = 'live'; "
        + "UPDATE environments AS e SET provider = 'local', max_node_count = 1, job_id = t.job_id, task_id = t.task_id, task_no = t.task_no FROM tasks AS t WHERE t.task_name = 'live'; ";

    /// <summary>A subscription with one event, whose row says the following of its journal.</summary>
    private static string Subscription(int lastSequence, int journalTxid) => $"""
        INSERT INTO topics (topic_key, topic_name, created_by, created_at) VALUES ('t', 't', 'test', now());
        INSERT INTO subscriptions (subscription_id, topic_key, protocol, endpoint, bindings, enabled, asked_txids, asked_event_nos, bound_txid, format, created_by, created_at, updated_at, last_sequence, journal_txid)
        VALUES ('subsc-planted0', 't', 'queue', 'q', '{"{#}"}', true, '{"{0,0,0,0}"}', '{"{0,0,0,0}"}', '0', 'published', 'test', now() - interval '1 day', now(), {lastSequence}, '{journalTxid}');
        INSERT INTO events (order_txid, shard, subject_id, sequence, level, state, source, occurred_at, notify) VALUES ('7', 0, 'subsc-planted0', 1, 'subscription', 'ENABLED', 'engine', now(), 1)
        """;

    /// <summary>Invariant, what is planted, and a part of what it must say.</summary>
    public static TheoryData<string, string, string> Violations => new()
    {
        { "task_counters", "UPDATE tasks SET succeed_count = succeed_count - 1 WHERE state = 'SUCCEED'", "succeed_count is 2, its rows say 3" },
        { "task_counters", "UPDATE tasks SET running_count = running_count + 1 WHERE task_name = 'live'", "running_count is 2, its rows say 1" },
        { "task_counters", "UPDATE tasks SET requeued = '{}' WHERE task_name = 'live'", "requeued is {}, its rows say {[2,3)}" },
        { "task_counters", "UPDATE tasks SET failed_count = 7 WHERE task_name = 'ended'", "failed_count is 7, its rows say 8" },
        { "task_counters", "DELETE FROM task_instances WHERE instance_index = 0", "next_index is" },
        { "task_counters", "UPDATE tasks SET waiting = '{[2,3)}' WHERE task_name = 'second'", "next_index is 4, its rows say 3" },
        { "task_counters", "UPDATE tasks SET ready = '{[1,2)}' WHERE task_name = 'second'", "what lies below next_index is {[0,4)}, its rows say {[1,4)}" },
        { "task_counters", "UPDATE tasks SET waiting_count = 3 WHERE task_name = 'second'", "waiting_count is 3, its rows say 2" },
        { "task_counters", "UPDATE tasks SET succeeded = '{[0,2)}' WHERE task_name = 'first'", "succeeded is {[0,2)}, its rows say {[0,1)}" },
        { "task_counters", "UPDATE tasks SET succeeded = '{[0,1)}' WHERE task_name = 'live'", "succeeded is {[0,1)}, its rows say {}" },
        { "task_counters", "DELETE FROM task_skips", "skipped is {[1,2)}, its rows say {}" },
        { "task_counters", "DELETE FROM tasks WHERE task_name = 'done'", "belong to no task" },
        { "task_counters", "DELETE FROM retry_delays", "delayed is {[1,2)}, its rows say {}" },
        { "task_counters", "UPDATE tasks SET delayed = '{}' WHERE task_name = 'later'", "requeued is {}, its rows say {[1,2)}" },
        { "task_counters", "UPDATE tasks SET requeued = '{[1,2)}' WHERE task_name = 'later'", "requeued is {[1,2)}, its rows say {}" },
        { "task_counters", "INSERT INTO retry_delays SELECT task_id, 0, job_id, now() FROM tasks WHERE task_name = 'later'", "retry_delays has of it is {[0,2)}" },
        { "task_counters", "INSERT INTO retry_delays VALUES (-1, 0, 'job-nowhere0', now())", "waits of {[0,1)} belong to no task" },
        { "time_limits", "UPDATE tasks SET expires_at = NULL WHERE task_name = 'later'", "expires at no time instead of 2" },
        { "time_limits", "UPDATE tasks SET expires_at = expires_at + interval '1 second' WHERE task_name = 'later'", "task 0: expires at 2" },
        { "time_limits", "UPDATE jobs SET expires_at = NULL", "expires at no time instead of 2" },
        { "time_limits", "UPDATE jobs SET terminate_requested_at = now()", " instead of never" },
        { "terminal_journal_rows", "DELETE FROM events WHERE level = 'job' AND state = 'SUCCEED'", "SUCCEED, journal rows: 0 SUCCEED" },
        { "terminal_journal_rows", Again("level = 'task_instance' AND state = 'SUCCEED' AND instance_index = 1"), "instance 1: SUCCEED, journal rows: 2 SUCCEED" },
        { "terminal_journal_rows", Again("level = 'task' AND state = 'SUCCEED'"), "task 0: SUCCEED, journal rows: 2 SUCCEED" },
        { "terminal_journal_rows", "UPDATE task_instances SET state = 'FAILED' WHERE state = 'SUCCEED' AND instance_index = 2", "FAILED, journal rows: 1 SUCCEED" },
        { "terminal_journal_rows", "UPDATE events SET span = span - 1 WHERE span > 1", "instance 9: FAILED, journal rows: 0 SUCCEED, 0 FAILED" },
        { "terminal_journal_rows", Again("span > 1"), "instance 5: FAILED, journal rows: 0 SUCCEED, 2 FAILED" },
        { "terminal_journal_rows", "UPDATE tasks SET skipped = '{}' WHERE task_name = 'second'", "instance 1: ended in the journal, but has neither a row nor was it skipped" },
        { "terminal_journal_rows", "DELETE FROM events WHERE state = 'FAILED' AND level = 'task' AND subject_id IN (SELECT job_id FROM jobs WHERE retried_at IS NOT NULL)", "retried after life 0 with 0 SUCCEED, 0 FAILED" },
        { "terminal_journal_rows", "UPDATE events SET cause = NULL WHERE cause = 'retried' AND level = 'job'", "RUNNABLE, journal rows: 0 SUCCEED, 1 FAILED" },
        { "terminal_journal_rows", "UPDATE events SET cause = NULL WHERE cause = 'retried' AND level = 'task_instance'", "instance 1: RUNNABLE, journal rows: 0 SUCCEED, 1 FAILED" },
        { "states_match", "UPDATE jobs SET retried_at = NULL", "RUNNABLE, its tasks say RUNNING" },
        { "journal_sequences", "DELETE FROM events WHERE level = 'job' AND state = 'STARTING'", "where 5 was to come" },
        { "journal_sequences", "UPDATE events SET sequence = sequence - 1 WHERE level = 'job' AND state = 'SUCCEED'", "was to come" },
        { "journal_sequences", "UPDATE jobs SET last_sequence = last_sequence + 1", "last_sequence is" },
        { "journal_sequences", "DELETE FROM events WHERE sequence = 1", "the journal has 2 to" },
        { "journal_sequences", "UPDATE events SET span = span + 1 WHERE span > 1", "was to come" },
        { "journal_sequences", "DELETE FROM environments", "has journal rows, but no row of its own" },
        { "journal_sequences", "DELETE FROM jobs WHERE state = 'SUCCEED'", "has journal rows, but no row of its own" },
        { "journal_order", "UPDATE events SET order_txid = '999999999' WHERE level = 'job' AND state = 'RUNNABLE'", "is read after" },
        { "journal_sequences", Subscription(lastSequence: 2, journalTxid: 7), "last_sequence is 2, the journal has 1 to 1" },
        { "journal_order", Subscription(lastSequence: 1, journalTxid: 6), "journal_txid is 6, its newest row has order_txid 7" },
        { "journal_order", "UPDATE environments SET journal_txid = '1'", "journal_txid is 1, its newest row" },
        { "states_match", "UPDATE tasks SET state = 'FAILED' WHERE state = 'SUCCEED'", "FAILED, its counters say SUCCEED" },
        { "states_match", "UPDATE tasks SET state = 'RUNNABLE' WHERE task_name = 'live'", "RUNNABLE, its counters say RUNNING" },
        { "states_match", "UPDATE jobs SET state = 'FAILED' WHERE state = 'SUCCEED'", "FAILED, its tasks say SUCCEED" },
        { "states_match", "UPDATE jobs SET state = 'STARTING' WHERE state = 'RUNNING'", "STARTING, its tasks say RUNNING" },
        { "states_match", "DELETE FROM jobs WHERE state = 'SUCCEED'", "belongs to no job" },
        { "states_match", "DELETE FROM tasks WHERE state = 'SUCCEED'", "its tasks say nothing: it has none" },
        { "task_claimable", "UPDATE tasks SET claimable = false, claimable_count = 0 WHERE task_name = 'live'", "claimable_count is 0 in RUNNING with 8 waiting" },
        { "task_claimable", "UPDATE tasks SET claimable_count = 7 WHERE task_name = 'live'", "claimable_count is 7 in RUNNING with 8 waiting" },
        { "task_claimable", "UPDATE tasks SET claimable = true, claimable_count = 1 WHERE task_name = 'waits'", "claimable_count is 1 in PENDING" },
        { "task_claimable", "UPDATE jobs SET terminate_requested_at = now() WHERE state = 'RUNNING'", "claimable_count is 8" },
        { "dependences_followed", "UPDATE tasks SET waiting = waiting + '{[0,1)}' WHERE task_name = 'second'", "instances {[0,1)} wait, though all they wait for succeeded" },
        { "dependences_followed", "UPDATE tasks SET skipped = '{[3,4)}' WHERE task_name = 'first'", "instances wait for instances of task 0, which have ended" },
        { "dependences_followed", "UPDATE tasks SET state = 'PENDING', waiting = '{}' WHERE task_name = 'second'", "is PENDING, though nothing it waits for is still to come" },
        { "task_claimable", "UPDATE tasks SET max_concurrent_num = 2 WHERE task_name = 'live'", "2 of at most 2 at work" },
        { "task_environments", "UPDATE tasks SET owns_env = true WHERE task_name = 'live'", "was not made for it" },
        { "task_environments", "UPDATE tasks SET owns_env = true, env_id = 'env-nowhere0' WHERE task_name = 'live'", "its environment env-nowhere0 does not exist" },
        { "task_environments", Own + "UPDATE environments SET state = 'DELETING' WHERE job_id IS NOT NULL", " is DELETING" },
        { "task_environments", Own + "DELETE FROM jobs WHERE state = 'RUNNING'", "which does not exist" },
        { "live_attempts_claimed", "DELETE FROM claims", "without a claim" },
        { "live_attempts_claimed", "UPDATE claims SET indexes = '{[0,1)}'", "RUNNING on" },
        { "live_attempts_claimed", "UPDATE claims SET node_epoch = node_epoch + 1", "without a claim" },
        { "live_attempts_claimed", "UPDATE nodes SET epoch = 0", "whose epoch is only 0" },
        { "live_attempts_claimed", "DELETE FROM nodes", "which does not exist" },
    };

    [Theory]
    [MemberData(nameof(Violations))]
    public async Task PlantedViolation_IsFound(string invariant, string sql, string problem)
    {
        await using var connection = await database.Installation.DataSource.OpenConnectionAsync();
        Assert.Empty(await InvariantCheck.RunAllAsync(connection));

        // Rolled back at the end: the next violation is planted in a sound database.
        await using var transaction = await connection.BeginTransactionAsync();
        await using var plant = new NpgsqlCommand(sql, connection);
        await plant.ExecuteNonQueryAsync();

        Assert.Contains(await InvariantCheck.RunAsync(connection, invariant), violation => violation.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void EveryInvariant_HasAControl() =>
        Assert.Equal(InvariantChecker.Names, Violations.Select(row => (string)row[0]).Distinct().Order(StringComparer.Ordinal));

    /// <summary>A journal row twice.</summary>
    private static string Again(string where) => $"""
        INSERT INTO events (order_txid, shard, subject_id, sequence, span, level, state, task_no, instance_index, attempt, source, occurred_at, notify)
        SELECT order_txid, shard, subject_id, sequence + 1000, span, level, state, task_no, instance_index, attempt, source, occurred_at, notify
        FROM events
        WHERE {where}
        """;

    /// <summary>A job that succeeded, one that was terminated half claimed, one in the middle of its life, and one that is tried again.</summary>
    public sealed class LivelyDatabase : IAsyncLifetime
    {
        internal Installation Installation { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Installation = await Installation.CreateAsync();
            var server = await Installation.StartServerAsync();
            var envId = await Installation.AddEnvironmentAsync();
            var node = await Installation.AddNodeAsync(envId);

            var done = await SubmitAsync(server, Given.Job(Given.Task(envId, instances: 3, name: "done")));
            await server.ClaimAsync(node, done.JobId, done.TaskId, limit: 3);
            await server.ReportAsync(node, done.JobId, done.TaskId, Given.Exited(0), Given.Exited(1), Given.Exited(2));

            var ended = await SubmitAsync(server, Given.Job(Given.Task(envId, instances: 10, name: "ended")));
            await server.ClaimAsync(node, ended.JobId, ended.TaskId, limit: 2);
            await server.TerminateAsync(ended.JobId);
            await server.ReportAsync(node, ended.JobId, ended.TaskId, Given.Exited(0), Given.Exited(1));

            var live = await SubmitAsync(server, Given.Job(Given.Task(envId, instances: 10, name: "live", retries: 1), Given.Task(envId, name: "waits")) with
            {
                Dependences = [new("live", "waits")],
            });
            await server.ClaimAsync(node, live.JobId, live.TaskId, limit: 3);
            await server.ReportAsync(node, live.JobId, live.TaskId, Given.Report(1, AttemptOutcome.Running), Given.Exited(2, exitCode: 1));

            var later = Given.Task(envId, instances: 3, name: "later", retries: 1) with { RetryBackoff = new() { InitialSeconds = 3_600 }, TimeLimit = 3_600 };
            var limited = await SubmitAsync(server, Given.Job(later) with { TimeLimit = 7_200 });
            await server.ClaimAsync(node, limited.JobId, limited.TaskId, limit: 2);
            await server.ReportAsync(node, limited.JobId, limited.TaskId, Given.Report(0, AttemptOutcome.Running), Given.Exited(1, exitCode: 1));

            var pairs = await SubmitAsync(server, Given.Job(Given.Task(envId, instances: 4, name: "first"), Given.Task(envId, instances: 4, name: "second")) with
            {
                Dependences = [new("first", "second", DependenceCondition.EachIndex)],
            });
            var again = await SubmitAsync(server, Given.Job(Given.Task(envId, instances: 2, name: "again"), Given.Task(envId, name: "ran")));
            await server.ClaimAsync(node, again.JobId, again.TaskId, limit: 2);
            await server.ClaimAsync(node, again.JobId, again.TaskId + 1, limit: 1);
            await server.ReportAsync(node, again.JobId, again.TaskId, Given.Exited(0), Given.Exited(1, exitCode: 1));
            await server.ReportAsync(node, again.JobId, again.TaskId + 1, Given.Exited(0));
            await server.RetryAsync(node, again.JobId);

            await server.ClaimAsync(node, pairs.JobId, pairs.TaskId, limit: 3);
            await server.ReportAsync(node, pairs.JobId, pairs.TaskId, Given.Exited(0), Given.Exited(1, exitCode: 1));
        }

        public async Task DisposeAsync() => await Installation.DisposeAsync();

        private async Task<(string JobId, long TaskId)> SubmitAsync(Server server, JobDocument document)
        {
            var jobId = await server.SubmittedAsync(document);
            return (jobId, await Installation.ScalarAsync<long>($"SELECT min(task_id) FROM tasks WHERE job_id = '{jobId}'"));
        }
    }
}
