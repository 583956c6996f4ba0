using System.Text;
using BatchPlane.Contracts;
using BatchPlane.Server.Outputs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tests.Outputs;

/// <summary>A storage that does not take or give some outputs.</summary>
public sealed class OutputStorageFailureTests(DirectoryOutputServer server) : IClassFixture<DirectoryOutputServer>
{
    [Fact]
    public async Task OneOutputCannotBeStored_TheOthersOfTheReportEnd()
    {
        var agent = await OutputAgent.JoinAsync(server);
        var (good, bad) = (await SubmitAsync(agent), await SubmitAsync(agent));
        var inTheWay = Path.Combine(Root, bad.JobId);
        Directory.CreateDirectory(Root);
        await File.WriteAllTextAsync(inTheWay, "");

        var answer = await agent.ReportAsync(0, (good, "kept"), (bad, "late"));

        Assert.Equal(new AttemptRef(bad.TaskId, 0, 1), Assert.Single(answer.Unstored));
        Assert.Contains("cannot be written", answer.UnstoredBecause, StringComparison.Ordinal);
        Assert.Equal(RunState.Succeed, (await JobAsync(good)).JobState);
        Assert.Equal(RunState.Starting, (await JobAsync(bad)).JobState);
        Assert.Equal(WaitCodes.OutputStorage, (await ExplainAsync(bad)).Tasks[0].Reasons[0].Code);
        Assert.Contains("\"output_storage\":{\"status\":\"degraded\"", await ReadyAsync(), StringComparison.Ordinal);

        // Alone, too.
        Assert.Single((await agent.ReportAsync(0, (bad, "late"))).Unstored);
        File.Delete(inTheWay);
        Assert.Empty((await agent.ReportAsync(0, (bad, "late"))).Unstored);

        Assert.Equal(RunState.Succeed, (await JobAsync(bad)).JobState);
        Assert.Equal("late", await server.Client.GetStringAsync(PathOf(bad, "stderr")));
        Assert.Contains("\"output_storage\":{\"status\":\"ok\"", await ReadyAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OneFollowedOutputCannotBeRead_TheOthersGoOn()
    {
        var agent = await OutputAgent.JoinAsync(server);
        var (good, bad) = (await SubmitAsync(agent), await SubmitAsync(agent));
        await agent.UploadAsync(bad, 0, "bad\n");
        await agent.UploadAsync(good, 0, "first\n");
        using var broken = await server.Client.GetAsync(PathOf(bad, "stdout?follow=true"), HttpCompletionOption.ResponseHeadersRead);
        using var answer = await server.Client.GetAsync(PathOf(good, "stdout?follow=true"), HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(answer.Content.ReadAsStream());
        Assert.Equal("first", await LineAsync(reader));
        var path = Path.Combine(Root, new OutputOf(bad.JobId, bad.TaskId, 0, 1, OutputStream.Stdout).Path);
        File.Delete(path);
        Directory.CreateDirectory(path);

        await agent.UploadAsync(good, 6, "last\n");
        Assert.Equal("last", await LineAsync(reader));
        await agent.EndAsync(good);
        Assert.Null(await LineAsync(reader));
        using var unreadable = await server.Client.GetAsync(PathOf(bad, "stdout"));
        await ServerFixture.ProblemAsync(unreadable, 503, "output_storage");
    }

    [Fact]
    public async Task StorageHangs_IsAFailureAfterItsTime()
    {
        var status = new OutputStatus(TimeProvider.System, NullLogger<OutputStatus>.Instance);
        var options = Options.Create(new OutputOptions { WriteSeconds = 0.2, MaxConcurrentWrites = 1 });
        using var intake = new OutputIntake(new HangingStorage(), status, options, TimeProvider.System);
        var output = new OutputOf("job-00000001", 1, 0, 1, OutputStream.Stdout);

        var failed = await intake.TakeAsync([(output, new byte[1])], CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal([output.AttemptRef], failed.Keys);
        Assert.NotNull(status.Reason);
        for (var tries = 0; tries < 2; tries++)
        {
            // The first keeps its place until it is done; there is none for the second.
            await Assert.ThrowsAsync<OutputStorageException>(() =>
                intake.TakeAsync(output, 0, 4, new MemoryStream(Encoding.ASCII.GetBytes("text")), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20)));
        }
    }

    private string Root => Path.Combine(server.Services.GetRequiredService<ServerSettings>().DataDirectory, "outputs");

    private async Task<ClaimGrant> SubmitAsync(OutputAgent agent)
    {
        using var submitted = await server.PostAsync("/v1/jobs", """{"tasks":[{"application":{"command":"true"}}]}""");
        Assert.True(submitted.IsSuccessStatusCode);
        return await agent.TakeAsync();
    }

    private static Uri PathOf(ClaimGrant claim, string rest) => new($"/v1/jobs/{claim.JobId}/tasks/task/instances/0/logs/{rest}", UriKind.Relative);

    private Task<JobView> JobAsync(ClaimGrant claim) => server.GetAsync<JobView>($"/v1/jobs/{claim.JobId}");

    private Task<JobExplanation> ExplainAsync(ClaimGrant claim) => server.GetAsync<JobExplanation>($"/v1/jobs/{claim.JobId}/explain");

    private Task<string> ReadyAsync() => server.Client.GetStringAsync(new Uri("/health/ready", UriKind.Relative));

    private static Task<string?> LineAsync(StreamReader reader) => reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20));

    private sealed class HangingStorage : IOutputStorage
    {
        public int ParallelWrites => 1;

        public Task WriteAsync(OutputOf output, long offset, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken) => new TaskCompletionSource().Task;

        public Task<OutputContent?> OpenAsync(OutputOf output, long from, CancellationToken cancellationToken) => Task.FromResult<OutputContent?>(null);

        public Task<bool> RemoveAsync(string jobId, DateTimeOffset? writtenBefore, int limit, CancellationToken cancellationToken) => Task.FromResult(true);
    }
}
