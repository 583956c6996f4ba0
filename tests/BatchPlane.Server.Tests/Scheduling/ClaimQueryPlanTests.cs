using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Server.Tests.Scheduling;

/// <summary>What runs every few seconds must cost by the claims there are, not by the instances there ever were.</summary>
public sealed partial class ClaimQueryPlanTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private const string History = """
        INSERT INTO task_instances (task_id, instance_index, state, attempt, node_id, node_epoch, launched_at)
        SELECT 1, n, 'SUCCEED', 1, 'node-00000001', 1, now() FROM generate_series(0, 99999) AS n ON CONFLICT DO NOTHING;
        INSERT INTO claims (claim_id, node_id, node_epoch, job_id, task_id, indexes, claimed_at)
        SELECT n, 'node-00000001', 1, 'job-00000001', 1, int4multirange(int4range(n * 1000, n * 1000 + 1000)), now() - interval '1 minute' FROM generate_series(0, 99) AS n
        ON CONFLICT DO NOTHING;
        ANALYZE task_instances, claims, nodes;
        """;

    private const string Waiting = """
        INSERT INTO tasks (task_id, job_id, task_no, task_name, env_id, priority, job_no, state, depends_on, depends_when, instance_count, claimable, claimable_count, max_retry_count, failed_action, run)
        SELECT n, 'job-' || n / 10000, n % 10000, 'task', 'env-00000001', 0, n / 10000 * 10000 + 1, 'RUNNABLE', '{}', '{}', 10, true, 10, 0, 'TERMINATE', '{}' FROM generate_series(1, 50000) AS n
        ON CONFLICT DO NOTHING;
        ANALYZE tasks;
        """;

    [Fact]
    public async Task NextJob_IsFoundByTheIndexWithoutVisitingTheTasksBetween()
    {
        await server.ExecuteAsync(Waiting);
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " + WithValues(SqlText.Load("Scheduling/Sql/task_select_claimable_by_job.sql")), connection);
        await using var reader = await command.ExecuteReaderAsync();
        var plan = new List<string>();
        while (await reader.ReadAsync())
        {
            plan.Add(reader.GetString(0));
        }

        Assert.Contains(plan, line => line.Contains("tasks_claimable_idx", StringComparison.Ordinal));
        Assert.DoesNotContain(plan, line => line.Contains("Seq Scan on tasks", StringComparison.Ordinal));
        Assert.All(
            plan.Select(line => RowsRead().Match(line)).Where(match => match.Success),
            match => Assert.True(int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) <= 256, string.Join('\n', plan)));
    }

    [Fact]
    public async Task SlotsOfJobs_AreSummedUpByTheIndex()
    {
        await server.ExecuteAsync(Waiting);
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("EXPLAIN " + WithValues(SqlText.Load("Scheduling/Sql/task_select_held_of_jobs.sql")), connection);
        await using var reader = await command.ExecuteReaderAsync();
        var plan = new List<string>();
        while (await reader.ReadAsync())
        {
            plan.Add(reader.GetString(0));
        }

        Assert.Contains(plan, line => line.Contains("tasks_job_id_key", StringComparison.Ordinal));
        Assert.DoesNotContain(plan, line => line.Contains("Seq Scan on tasks", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Scheduling/Sql/claim_prune.sql")]
    [InlineData("Scheduling/Sql/claim_select_orphans.sql")]
    [InlineData("Scheduling/Sql/claim_select_unknown.sql")]
    public async Task Statement_FindsInstancesByTheirKey(string path)
    {
        await server.ExecuteAsync(History);
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("EXPLAIN " + WithValues(SqlText.Load(path)), connection);
        await using var reader = await command.ExecuteReaderAsync();
        var plan = new List<string>();
        while (await reader.ReadAsync())
        {
            plan.Add(reader.GetString(0));
        }

        Assert.Contains(plan, line => line.Contains("task_instances_pkey", StringComparison.Ordinal));
        Assert.DoesNotContain(plan, line => line.Contains("Seq Scan on task_instances", StringComparison.Ordinal));
    }

    private static string WithValues(string statement) => statement
        .Replace("@grace_seconds", "8", StringComparison.Ordinal)
        .Replace("@claim_limit", "1000", StringComparison.Ordinal)
        .Replace("@attempt_limit", "5000", StringComparison.Ordinal)
        .Replace("@node_id", "'node-00000001'", StringComparison.Ordinal)
        .Replace("@node_epoch", "1", StringComparison.Ordinal)
        .Replace("@known", "'{}'", StringComparison.Ordinal)
        .Replace("@env_id", "'env-00000001'", StringComparison.Ordinal)
        .Replace("@max_slots", "8", StringComparison.Ordinal)
        .Replace("@max_cpu_millis", "8000", StringComparison.Ordinal)
        .Replace("@max_memory_mib", "8000", StringComparison.Ordinal)
        .Replace("@containers", "true", StringComparison.Ordinal)
        .Replace("@task_limit", "256", StringComparison.Ordinal)
        .Replace("@job_limit", "2", StringComparison.Ordinal)
        .Replace("@job_ids", "'{job-1,job-2}'", StringComparison.Ordinal)
        .Replace("@turn_priority", "0", StringComparison.Ordinal)
        .Replace("@turn_job_no", "20001", StringComparison.Ordinal);

    [System.Text.RegularExpressions.GeneratedRegex(@"\(actual rows=(\d+)")]
    private static partial System.Text.RegularExpressions.Regex RowsRead();
}
