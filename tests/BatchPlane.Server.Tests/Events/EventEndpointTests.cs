using BatchPlane.Contracts;
using BatchPlane.Server.Events;

namespace BatchPlane.Server.Tests.Events;

public sealed class EventEndpointTests(EventServer server) : IClassFixture<EventServer>
{
    [Fact]
    public async Task Job_IsInTheWholeJournalAndItsCursorsGoOn()
    {
        using var submitted = await server.PostAsync("/v1/jobs", """{"job_name":"replay","tasks":[{"task_name":"a","application":{"command":"true"}}]}""");
        var job = (await ServerFixture.ReadAsync<JobCreated>(submitted)).JobId;
        var page = await Dispatch.Until.ReachedAsync(
            () => server.GetAsync<JournalPage<EventView>>($"/v1/events?job={job}"),
            found => found.Items.Count >= 3,
            found => $"{found.Items.Count} events");
        var rest = await server.GetAsync<JournalPage<EventView>>($"/v1/events?after={page.Items[0].Cursor}&job={job}");
        var newest = await server.GetAsync<JournalPage<EventView>>($"/v1/events?order=desc&limit=1&job={job}");

        Assert.Equal($"{job}:1", page.Items[0].EventId);
        Assert.Equal(page.Items.Skip(1).Select(view => view.EventId), rest.Items.Select(view => view.EventId));
        Assert.Equal((page.Items[^1].EventId, true), (newest.Items.Single().EventId, newest.More));
        Assert.Empty((await server.GetAsync<EventDeliveries>($"/v1/events/{job}:1/deliveries")).Deliveries);
        Assert.Empty((await server.GetAsync<JournalPage<EventView>>($"/v1/events?after={page.NextCursor}&job={job}")).Items);
    }

    [Fact]
    public async Task CursorOfDroppedDays_IsGoneAndNamesTheOldest()
    {
        var cursor = (await server.GetAsync<JournalPage<EventView>>("/v1/events?limit=1")).NextCursor;
        await server.ExecuteAsync("UPDATE journal_begin SET txid = (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1)::text::xid8, event_no = 9223372036854775806");
        using var list = await server.Client.GetAsync($"/v1/events?after={cursor}");
        using var stream = await server.Client.GetAsync($"/v1/events/stream?after={cursor}");
        var problem = await ServerFixture.ProblemAsync(list, 410, "events_gone");
        await ServerFixture.ProblemAsync(stream, 410, "events_gone");

        Assert.Null(problem.NewestCursor);
        Assert.NotNull(await server.GetAsync<JournalPage<EventView>>($"/v1/events?after={problem.OldestCursor}"));
        await server.ExecuteAsync("UPDATE journal_begin SET txid = '0', event_no = 0");
    }

    [Theory]
    [InlineData("/v1/events")]
    [InlineData("/v1/events/stream")]
    [InlineData("/v1/executions")]
    public async Task CursorThatTheJournalHasNotReached_IsRefusedWithTheNewest(string path)
    {
        var cursor = JournalCursor.Encode(new(long.MaxValue, 1, 1));
        using var answer = await server.Client.GetAsync($"{path}?after={cursor}");
        var problem = await ServerFixture.ProblemAsync(answer, 410, "events_gone");

        Assert.Null(problem.OldestCursor);
        Assert.NotNull(await server.GetAsync<JournalPage<EventView>>($"/v1/events?after={problem.NewestCursor}"));
    }

    [Theory]
    [InlineData("/v1/events?level=jobs&name=Danced&order=up&after=x&job=j&env=e&since=now&foo=1&limit=0", "?after ?env ?foo ?level ?limit ?name ?order ?since")]
    [InlineData("/v1/events?task=a&index=-1&attempt=0&execution_source=CRON&sort=size&execution=x", "?attempt ?execution ?execution_source ?index ?sort ?task")]
    [InlineData("/v1/events?job_name=a&env=e&sort=name&after=x&started_since=2025-10-09T08:53:20Z", "?after ?env ?started_since")]
    [InlineData("/v1/executions?result=GOOD&task=a&index=-1&execution_source=CRON&foo=1", "?execution_source ?foo ?index ?result ?task")]
    [InlineData("/v1/executions?sort=size&order=up&after=x", "?after ?order ?sort")]
    [InlineData("/v1/executions?job_name=&job=j&execution=j/a/0/1&started_until=now&level=job", "?execution ?job_name ?level ?started_until")]
    [InlineData("/v1/executions?result=RUNNING&order=desc&after=x", "?after ?order")]
    [InlineData("/v1/executions/j/0/0/1?foo=1", "?foo")]
    [InlineData("/v1/statistics?by=week&from=2025-13-01&to=x&cursor=x&foo=1", "?by ?cursor ?foo ?from ?to")]
    [InlineData("/v1/statistics?from=2020-01-01&to=2025-01-01", "?from")]
    [InlineData("/v1/statistics?to=0001-01-03", "?to")]
    [InlineData("/v1/statistics?from=9999-12-31&to=9999-12-31", "?from ?to")]
    [InlineData("/v1/deliveries?state=lost&cursor=x&job=j&env=e&foo=1", "?cursor ?env ?foo ?state")]
    [InlineData("/v1/redeliveries?cursor=x&foo=1", "?cursor ?foo")]
    public async Task WrongQueries_NameEverythingThatIsWrong(string path, string places)
    {
        using var response = await server.Client.GetAsync(path);
        var problem = await ServerFixture.ProblemAsync(response, 400, "invalid_request");

        Assert.Equal(places, string.Join(' ', problem.Errors.Select(error => error.Path).Distinct().Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task Redeliveries_AreAdmittedOnceForAKeyAndUpToALimit()
    {
        using var topic = await server.PostAsync("/v1/topics", """{"topic_name":"again"}""");
        using var wrong = await server.PostAsync("/v1/topics/again/redeliver", """{"until":"2025-10-09","only":"some","x":1}""");
        using var first = await server.PostAsync("/v1/topics/again/redeliver", """{"since":"2025-10-09T08:53:20Z"}""", "again-1");
        using var repeated = await server.PostAsync("/v1/topics/again/redeliver", """{"since":"2025-10-09T08:53:20Z"}""", "again-1");
        using var other = await server.PostAsync("/v1/topics/again/redeliver", """{"since":"2025-10-10T08:53:20Z"}""", "again-1");
        using var second = await server.PostAsync("/v1/topics/again/redeliver", """{"since":"2025-10-09T08:53:20Z"}""");
        var made = await ServerFixture.ReadAsync<RedeliveryView>(first);
        using var cancelled = await server.PostAsync($"/v1/redeliveries/{made.RedeliveryId}/cancel", "");

        Assert.Equal(["$.only", "$.since", "$.until", "$.x"], (await ServerFixture.ProblemAsync(wrong, 400, "invalid_request")).Errors.Select(error => error.Path).Order(StringComparer.Ordinal));
        Assert.Equal(made.RedeliveryId, (await ServerFixture.ReadAsync<RedeliveryView>(repeated)).RedeliveryId);
        await ServerFixture.ProblemAsync(other, 422, "idempotency_key_reused");
        await ServerFixture.ProblemAsync(second, 409, "redeliveries_full");
        Assert.Equal("cancelled", (await ServerFixture.ReadAsync<RedeliveryView>(cancelled)).State);
        Assert.Equal([made.RedeliveryId], (await server.GetAsync<Page<RedeliveryView>>("/v1/redeliveries")).Items.Select(view => view.RedeliveryId));
    }

    [Fact]
    public async Task WhatIsNotThere_IsNotFound()
    {
        using var missing = await server.Client.GetAsync("/v1/events/job-none:1/deliveries");
        using var strange = await server.Client.GetAsync("/v1/events/none/deliveries");
        using var again = await server.PostAsync("/v1/events/job-none:1/redeliver", "");
        using var topic = await server.PostAsync("/v1/topics/none/redeliver", "{}");
        using var redelivery = await server.Client.GetAsync("/v1/redeliveries/redel-none");
        using var job = await server.Client.GetAsync("/v1/executions?job=job-none&task=a");

        await ServerFixture.ProblemAsync(missing, 404, "event_not_found");
        await ServerFixture.ProblemAsync(strange, 404, "event_not_found");
        await ServerFixture.ProblemAsync(again, 404, "event_not_found");
        await ServerFixture.ProblemAsync(topic, 404, "topic_not_found");
        await ServerFixture.ProblemAsync(redelivery, 404, "redelivery_not_found");
        await ServerFixture.ProblemAsync(job, 404, "job_not_found");
    }

    private sealed record JobCreated(string JobId);
}
