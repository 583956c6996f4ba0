using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Database.Tests.ReadModel;

/// <summary>A filter that few of many jobs pass must cost by those few.</summary>
public sealed class JobFilterPlanTests : IAsyncLifetime
{
    private Installation _installation = null!;

    public async Task InitializeAsync() => _installation = await Installation.CreateAsync();

    public async Task DisposeAsync() => await _installation.DisposeAsync();

    [Theory]
    [InlineData("tags", "jobs_labels_idx")]
    [InlineData("environment", "jobs_labels_idx")]
    [InlineData("prefix", "jobs_name_idx")]
    [InlineData("state", "tasks_unfinished_idx")]
    [InlineData("zone", "jobs_labels_idx")]
    [InlineData("default zone", "jobs_labels_idx")]
    [InlineData("tag value", "jobs_labels_idx")]
    [InlineData("tag key", "jobs_labels_idx")]
    public async Task SelectiveFilterOverManyJobs_IsAnsweredByAnIndex(string kind, string index)
    {
        await _installation.ExecuteAsync("""
            INSERT INTO jobs (job_id, job_name, job_description, priority, state, cause, document, notifications, interest, tags, labels, submitted_by, created_at, finished_at)
            SELECT 'job-x' || n, 'many' || n, '', 0, 'SUCCEED', 'succeeded', '{}', '[]', '{}', '[]', ARRAY['tag:n' || chr(1) || n, 'tag:key' || n, 'value:' || n, CASE WHEN n % 1000 = 8 THEN 'zone' ELSE 'zone:' || n % 1000 END, 'env:env-n' || n % 1000], 'test', '2020-01-01', '2020-01-02'
            FROM generate_series(1, 50000) AS n ON CONFLICT DO NOTHING;
            INSERT INTO tasks (task_id, job_id, task_no, task_name, env_id, priority, job_no, state, depends_on, depends_when, instance_count, next_index, succeed_count, max_retry_count, failed_action, run, finished_at)
            SELECT 1000000 + n, 'job-x' || n, 0, 'task', 'env-n', 0, n, 'SUCCEED', '{}', '{}', 1, 1, 1, 0, 'TERMINATE', '{}', '2020-01-02' FROM generate_series(1, 50000) AS n ON CONFLICT DO NOTHING;
            SET default_statistics_target = 5000;
            ANALYZE jobs, tasks;
            RESET default_statistics_target
            """);
        await using var context = new ReadContexts(_installation.DataSource).Open();
        var query = kind switch
        {
            "tags" => JobQueries.Select(context, new() { Tags = [new("n", "77")] }, 21),
            "environment" => JobQueries.Select(context, new() { EnvId = "env-n7" }, 21),
            "prefix" => JobQueries.Select(context, new() { NamePrefix = "many4999" }, 21),
            "state" => JobQueries.Select(context, new() { States = [RunState.Running] }, 21),
            "zone" => JobQueries.Filtered(context.Jobs, new() { Zones = new(["7"], IncludesUnnamed: false) }, context),
            "default zone" => JobQueries.Filtered(context.Jobs, new() { Zones = new(["9"], IncludesUnnamed: true) }, context),
            "tag value" => JobQueries.Filtered(context.Jobs, new() { Labels = [[new(null, "77"), new(null, "78")]] }, context),
            _ => JobQueries.Filtered(context.Jobs, new() { Labels = [[new("key77", null)]] }, context),
        };
        await using var command = query.CreateDbCommand();
        command.CommandText = "EXPLAIN " + command.CommandText;
        await context.Database.OpenConnectionAsync();
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
        {
            lines.Add(reader.GetString(0));
        }

        var plan = string.Join('\n', lines);
        Assert.Contains(index, plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Seq Scan on jobs", plan, StringComparison.Ordinal);
    }
}
