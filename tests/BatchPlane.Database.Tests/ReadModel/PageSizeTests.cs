using System.Diagnostics.Metrics;
using BatchPlane.Core.ReadModel;
using Npgsql;

namespace BatchPlane.Database.Tests.ReadModel;

/// <summary>A page of what was asked for with large requests must not bring the requests along: a request may have 10 MiB, and a page a hundred of them.</summary>
public sealed class PageSizeTests : IAsyncLifetime
{
    private const int RequestBytes = 200_000;
    private const int Count = 20;

    private Installation _installation = null!;
    private long _read;

    public async Task InitializeAsync() => _installation = await Installation.CreateAsync();

    public async Task DisposeAsync() => await _installation.DisposeAsync();

    [Fact]
    public async Task PageOfLargeRequests_LeavesThemInTheDatabase()
    {
        await _installation.ExecuteAsync($$"""
            INSERT INTO jobs (job_id, job_name, job_description, priority, state, cause, document, notifications, interest, tags, labels, submitted_by, tencent, created_at, finished_at)
            SELECT 'job-x' || n, 'large', '', 0, 'SUCCEED', 'succeeded', large, large, '{}', '[]', '{}', 'test', large || '{"Placement":{"Zone":"local-2"} }', now(), now()
            FROM generate_series(1, {{Count}}) AS n, jsonb_build_object('large', repeat('x', {{RequestBytes}})) AS large;
            INSERT INTO tasks (task_id, job_id, task_no, task_name, env_id, priority, job_no, state, depends_on, depends_when, instance_count, next_index, succeed_count, max_retry_count, failed_action, run, finished_at)
            SELECT n * 2 + k, 'job-x' || n, k, 'task' || k, 'env-n', 0, n, 'SUCCEED', '{}', '{}', 3, 3, 3, 0, 'TERMINATE', '{}', now() FROM generate_series(1, {{Count}}) AS n, generate_series(0, 1) AS k;
            INSERT INTO environments (env_id, env_name, env_description, state, provider, is_default, desired_node_count, provider_settings, notifications, interest, tags, tencent, created_by, created_at)
            SELECT 'env-x' || n, 'large' || n, '', 'CREATED', 'attached', false, 0, large, large, '{}', '[]', large || '{"Placement":{"Zone":"local-2"} }', 'test', now()
            FROM generate_series(1, {{Count}}) AS n, jsonb_build_object('large', repeat('x', {{RequestBytes}})) AS large
            """);
        using var listener = Listen(new NpgsqlConnectionStringBuilder(_installation.DataSource.ConnectionString).Database!);
        var contexts = new ReadContexts(_installation.DataSource);
        var (jobs, environments) = (new JobQueries(contexts), new EnvironmentQueries(contexts));

        var (page, pageBytes) = await ReadAsync(() => jobs.PageAsync(new(), 0, 100, default));
        var (_, listBytes) = await ReadAsync(() => jobs.ListAsync(new(), 100, default));
        var (found, environmentBytes) = await ReadAsync(() => environments.PageAsync(new(), 0, 100, default));
        var (task, taskBytes) = await ReadAsync(() => new TaskQueries(_installation.DataSource).FindAsync("job-x1", "task1", default));
        var (_, requestBytes) = await ReadAsync(() => jobs.FindSubmittedAsync("job-x1", default));

        Assert.Equal((Count, 2, 6L), (page.Items.Count, page.Items[0].TaskMetrics.SucceedCount, page.Items[0].TaskInstanceMetrics.SucceedCount));
        Assert.All(page.Items, job => Assert.Equal("""{"Zone": "local-2"}""", job.Placement));
        Assert.All(found.Items, environment => Assert.Equal("""{"Zone": "local-2"}""", environment.Placement));
        Assert.Equal((Count, 3), (found.Items.Count, task!.InstanceCount));
        Assert.All([pageBytes, listBytes, environmentBytes, taskBytes], bytes => Assert.InRange(bytes, 1, RequestBytes / 2));
        Assert.True(requestBytes > 2 * RequestBytes, $"What is read is not counted: {requestBytes} bytes.");
    }

    /// <summary>Counts what connections to a database read.</summary>
    private MeterListener Listen(string database)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "db.client.operation.npgsql.bytes_read")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, bytes, tags, _) =>
        {
            foreach (var (_, value) in tags)
            {
                if (value is string pool && pool.Contains(database, StringComparison.Ordinal))
                {
                    Interlocked.Add(ref _read, bytes);
                    return;
                }
            }
        });
        listener.Start();
        return listener;
    }

    private async Task<(T Result, long Bytes)> ReadAsync<T>(Func<Task<T>> read)
    {
        var before = Interlocked.Read(ref _read);
        var result = await read();
        return (result, Interlocked.Read(ref _read) - before);
    }
}
