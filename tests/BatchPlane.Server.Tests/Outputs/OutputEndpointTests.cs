using System.Net;
using System.Net.Http.Headers;
using System.Text;
using BatchPlane.Contracts;
using BatchPlane.Core.Outputs;
using BatchPlane.Server.Loops;
using BatchPlane.Server.Outputs;
using BatchPlane.Server.Tests.Dispatch;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tests.Outputs;

/// <summary>Outputs in the data directory.</summary>
public sealed class DirectoryOutputTests(DirectoryOutputServer server) : OutputEndpointTests(server), IClassFixture<DirectoryOutputServer>;

/// <summary>Outputs in a bucket.</summary>
public sealed class S3OutputTests(S3OutputServer server) : OutputEndpointTests(server), IClassFixture<S3OutputServer>;

/// <summary>Outputs from the agent's upload to the reader, the same whatever keeps them.</summary>
public abstract class OutputEndpointTests(DirectoryOutputServer server)
{
    [Fact]
    public async Task Followed_ComesAsItIsWrittenToEveryFollowerAndEndsWithTheAttempt()
    {
        var (agent, claim) = await TakeAsync();
        await agent.UploadAsync(claim, 0, "first\n");
        var followers = await Task.WhenAll(Enumerable.Range(0, DirectoryOutputServer.MaxFollowers).Select(_ => OpenAsync(claim, "?follow=true")));
        using var oneTooMany = await OpenAsync(claim, "?follow=true");
        var readers = followers.Select(answer => new StreamReader(answer.Content.ReadAsStream())).ToArray();

        await ServerFixture.ProblemAsync(oneTooMany, 503, "too_many_followers");
        Assert.All(await Task.WhenAll(readers.Select(reader => LineAsync(reader))), line => Assert.Equal("first", line));
        await agent.UploadAsync(claim, 6, "second\n");
        Assert.All(await Task.WhenAll(readers.Select(reader => LineAsync(reader))), line => Assert.Equal("second", line));
        await agent.UploadAsync(claim, 13, "last");
        await agent.EndAsync(claim);
        Assert.All(await Task.WhenAll(readers.Select(reader => LineAsync(reader))), line => Assert.Equal("last", line));
        Assert.All(await Task.WhenAll(readers.Select(reader => LineAsync(reader))), Assert.Null);
        foreach (var answer in followers)
        {
            answer.Dispose();
        }

        // Their places are free again, and what is complete ends at once.
        Assert.Equal("first\nsecond\nlast", await TextAsync(claim, "?follow=true"));
    }

    [Fact]
    public async Task FollowedFromBehindItsEnd_HoldsUpNobody()
    {
        var (agent, claim) = await TakeAsync();
        await agent.UploadAsync(claim, 0, "first\n");
        using var behind = await OpenAsync(claim, "?follow=true&offset=9000000000000000000");
        using var follower = await OpenAsync(claim, "?follow=true");
        using var reader = new StreamReader(follower.Content.ReadAsStream());
        Assert.Equal("first", await LineAsync(reader));

        await agent.UploadAsync(claim, 6, "last\n");
        Assert.Equal("last", await LineAsync(reader));
        await agent.EndAsync(claim);

        Assert.Null(await LineAsync(reader));
        Assert.Equal("", await behind.Content.ReadAsStringAsync().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task FollowedBeforeTheFirstAttempt_WaitsForIt()
    {
        using var submitted = await server.PostAsync("/v1/jobs", """{"tasks":[{"application":{"command":"true"}}]}""");
        var job = await ServerFixture.ReadAsync<SubmitJobResponse>(submitted);
        var path = new Uri($"/v1/jobs/{job.JobId}/tasks/task/instances/0/logs/stdout?follow=true", UriKind.Relative);
        var followers = Enumerable.Range(0, 3).Select(_ => server.Client.GetStringAsync(path)).ToArray();
        using var gone = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server.Client.GetStringAsync(path, gone.Token));
        Assert.All(followers, follower => Assert.False(follower.IsCompleted));

        var agent = await OutputAgent.JoinAsync(server);
        var claim = await agent.TakeAsync();
        await agent.UploadAsync(claim, 0, "text");
        await agent.EndAsync(claim);

        Assert.All(await Task.WhenAll(followers).WaitAsync(TimeSpan.FromSeconds(20)), text => Assert.Equal("text", text));
    }

    [Fact]
    public async Task FollowedButEndedWithoutAnAttempt_IsNotFound()
    {
        using var submitted = await server.PostAsync("/v1/jobs", """{"tasks":[{"application":{"command":"true"}}]}""");
        var job = await ServerFixture.ReadAsync<SubmitJobResponse>(submitted);
        var follower = server.Client.GetAsync(new Uri($"/v1/jobs/{job.JobId}/tasks/task/instances/0/logs/stdout?follow=true", UriKind.Relative));

        using var ended = await server.PostAsync($"/v1/jobs/{job.JobId}/terminate", "{}");
        Assert.True(ended.IsSuccessStatusCode);

        using var answer = await follower.WaitAsync(TimeSpan.FromSeconds(20));
        await ServerFixture.ProblemAsync(answer, 404, "output_not_found");
    }

    [Fact]
    public async Task Join_TellsHowLargeAPieceMayBe()
    {
        var agent = await OutputAgent.JoinAsync(server);

        Assert.Equal(DirectoryOutputServer.MaxPieceBytes, agent.Terms.MaxPieceBytes);
    }

    [Fact]
    public async Task Complete_HasATagRangesTailAndOffset()
    {
        var (agent, claim) = await TakeAsync();
        await agent.UploadAsync(claim, 0, "0123456789");
        using var growing = await OpenAsync(claim, "");
        await agent.UploadAsync(claim, 10, "\nline 2\nline 3\n");
        await agent.EndAsync(claim, "short");
        using var whole = await OpenAsync(claim, "");

        Assert.Null(growing.Headers.ETag);
        Assert.Equal("0123456789\nline 2\nline 3\n", await whole.Content.ReadAsStringAsync());
        Assert.Equal((206, "23456789\nline"), await RangeAsync(claim, new(2, 14), whole.Headers.ETag));
        Assert.Equal((206, "line 3\n"), await RangeAsync(claim, new(null, 7), null));
        Assert.Equal((416, ""), await RangeAsync(claim, new(100, 200), null));
        Assert.Equal((200, "0123456789\nline 2\nline 3\n"), await RangeAsync(claim, new(2, 3), new("\"another\"")));
        Assert.Equal("line 2\nline 3\n", await TextAsync(claim, "?tail=2"));
        Assert.Equal("", await TextAsync(claim, "?tail=0"));
        Assert.Equal("0123456789\nline 2\nline 3\n", await TextAsync(claim, "?tail=99"));
        Assert.Equal("3\n", await TextAsync(claim, "?offset=23"));
        Assert.Equal("", await TextAsync(claim, "?offset=1000&follow=true"));
        using var both = await OpenAsync(claim, "?tail=1&offset=1");
        await ServerFixture.ProblemAsync(both, 400, "invalid_request");
        Assert.Equal("short", await server.Client.GetStringAsync(new Uri(PathOf(claim).Replace("stdout", "stderr", StringComparison.Ordinal), UriKind.Relative)));
    }

    [Fact]
    public async Task PiecesWrittenAgainAndCutDifferently_ReadAsOne()
    {
        var (agent, claim) = await TakeAsync();
        var text = string.Concat(Enumerable.Range(0, 30_000).Select(number => $"{number:00000}\n"));
        foreach (var (offset, length) in new (int, int)[] { (0, 60_000), (60_000, 100), (0, 60_000), (0, 10), (60_000, 65_000), (120_000, 60_000) })
        {
            await agent.UploadAsync(claim, offset, text.Substring(offset, length));
        }

        Assert.Equal(text, await TextAsync(claim, ""));
        Assert.Equal((206, text.Substring(59_999, 70_000)), await RangeAsync(claim, new(59_999, 129_998), null));
        Assert.Equal(text[^6..], await TextAsync(claim, "?tail=1"));
    }

    [Fact]
    public async Task KeptForItsTime_IsGoneAndSaysSo()
    {
        var (agent, claim) = await TakeAsync();
        await agent.UploadAsync(claim, 0, "old");
        await agent.EndAsync(claim, "old error");
        Assert.Equal("old", await TextAsync(claim, ""));
        var (running, kept) = await TakeAsync();
        await running.UploadAsync(kept, 0, "kept");
        using var keeper = new OutputKeeper(
            server.Services.GetRequiredService<OutputStore>(),
            server.Services.GetRequiredService<IOutputStorage>(),
            Options.Create(new OutputOptions { KeepFor = TimeSpan.FromMilliseconds(1), RemovalSeconds = 0.1, RemovalChunk = 1 }),
            TimeProvider.System,
            NullLogger<OutputKeeper>.Instance);

        await keeper.StartAsync(CancellationToken.None);
        await Until.ReachedAsync(() => StatusAsync(claim), status => status == HttpStatusCode.Gone, status => $"{status}");
        var records = server.Services.GetRequiredService<OutputStore>();
        await Until.ReachedAsync(
            () => records.ExpireAsync(TimeSpan.FromMilliseconds(1), 100, CancellationToken.None), left => left.All(job => job.JobId != claim.JobId), left => $"{left.Count} jobs have outputs to remove");
        await keeper.StopAsync(CancellationToken.None);

        using var gone = await OpenAsync(claim, "?follow=true");
        await ServerFixture.ProblemAsync(gone, 410, "output_gone");
        Assert.Equal("kept", await TextAsync(kept, ""));
        await running.EndAsync(kept);
    }

    private async Task<(OutputAgent Agent, ClaimGrant Claim)> TakeAsync()
    {
        using var submitted = await server.PostAsync("/v1/jobs", """{"tasks":[{"application":{"command":"true"}}]}""");
        var job = await ServerFixture.ReadAsync<SubmitJobResponse>(submitted);
        var agent = await OutputAgent.JoinAsync(server);
        var claim = await agent.TakeAsync();
        Assert.Equal(job.JobId, claim.JobId);
        return (agent, claim);
    }

    private static string PathOf(ClaimGrant claim) => $"/v1/jobs/{claim.JobId}/tasks/task/instances/0/logs/stdout";

    private Task<HttpResponseMessage> OpenAsync(ClaimGrant claim, string query) => server.Client.GetAsync(new Uri(PathOf(claim) + query, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);

    private async Task<HttpStatusCode> StatusAsync(ClaimGrant claim)
    {
        using var answer = await OpenAsync(claim, "");
        return answer.StatusCode;
    }

    private Task<string> TextAsync(ClaimGrant claim, string query) => server.Client.GetStringAsync(new Uri(PathOf(claim) + query, UriKind.Relative)).WaitAsync(TimeSpan.FromSeconds(20));

    private static Task<string?> LineAsync(StreamReader reader) => reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20));

    private async Task<(int Status, string Text)> RangeAsync(ClaimGrant claim, RangeItemHeaderValue range, EntityTagHeaderValue? ifRange)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, PathOf(claim));
        request.Headers.Range = new RangeHeaderValue { Ranges = { range } };
        request.Headers.IfRange = ifRange is null ? null : new(ifRange);
        using var answer = await server.Client.SendAsync(request);
        return ((int)answer.StatusCode, Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync()));
    }
}
