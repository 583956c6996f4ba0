using BatchPlane.Contracts;
using BatchPlane.Server.Tests.Outputs;
using Npgsql;

namespace BatchPlane.Server.Tests.Jobs;

/// <summary>Credentials in tasks: only the agent that runs it gets to see them.</summary>
public sealed class TaskSecretTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private const string Secret = "very-secret-key";

    private const string Job = $$"""
        {"tasks":[{"application":{"command":"true"},"input_mappings":[{"source_path":"s3://b/in/","destination_path":"in/"}],
                   "Authentications":[{"Scene":"S3","SecretId":"somebody","SecretKey":"{{Secret}}"}]}]}
        """;

    [Fact]
    public async Task SecretOfATask_IsStoredEncryptedAndGivenToItsAgentOnly()
    {
        using var plan = await server.PostAsync("/v1/jobs?dry_run=true", Job);
        using var submitted = await server.PostAsync("/v1/jobs", Job);
        var job = await ServerFixture.ReadAsync<SubmitJobResponse>(submitted);
        var claim = await (await OutputAgent.JoinAsync(server)).TakeAsync();

        Assert.Equal(job.JobId, claim.JobId);
        Assert.Equal(new AuthenticationDocument(StorageScene.S3, "somebody", Secret), Assert.Single(claim.Run.Files!.Authentications));
        Assert.DoesNotContain(Secret, await plan.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, await server.Client.GetStringAsync(new Uri($"/v1/jobs/{job.JobId}", UriKind.Relative)), StringComparison.Ordinal);
        var stored = await StoredAsync(job.JobId);
        Assert.Contains("somebody", stored, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, stored, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, claim.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SecretInATemplate_IsRefused()
    {
        using var answer = await server.PostAsync("/v1/task-templates", """
            {"task_template_name":"t","task_template_info":{"application":{"command":"true"},"authentications":[{"scene":"S3","secret_id":"i","secret_key":"k"}]}}
            """);

        var problem = await ServerFixture.ProblemAsync(answer, 400, "invalid_request");
        Assert.Equal("authentication_in_template", Assert.Single(problem.Errors!).Code);
    }

    private async Task<string> StoredAsync(string jobId)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT j.document::text || t.run::text FROM jobs AS j JOIN tasks AS t USING (job_id) WHERE job_id = @job_id", connection);
        command.Parameters.AddWithValue("job_id", jobId);
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
