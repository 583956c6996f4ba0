using System.Net;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Tests.Topics;

public sealed class TopicEndpointTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private const string Queue = """{"protocol":"queue","endpoint":"q","binding":"job.#"}""";

    [Fact]
    public async Task Topic_LivesFromItsMakingToItsRemoval()
    {
        using var created = await server.PostAsync("/v1/topics", """{"topic_name":"job-message"}""");
        using var subscribed = await server.PostAsync("/v1/topics/job-message/subscriptions", Queue);
        var topic = await server.GetAsync<TopicView>("/v1/topics/JOB-MESSAGE");
        using var unsubscribed = await server.Client.DeleteAsync($"/v1/topics/job-message/subscriptions/{topic.Subscriptions[0].SubscriptionId}");
        using var again = await server.Client.DeleteAsync($"/v1/topics/job-message/subscriptions/{topic.Subscriptions[0].SubscriptionId}");
        using var deleted = await server.Client.DeleteAsync("/v1/topics/job-message");
        using var gone = await server.Client.GetAsync("/v1/topics/job-message");

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal((await ServerFixture.ReadAsync<SubscriptionView>(subscribed)).SubscriptionId, topic.Subscriptions.Single().SubscriptionId);
        Assert.Equal(("job-message", SubscriptionProtocol.Queue, "q", "job.#"), (topic.TopicName, topic.Subscriptions[0].Protocol, topic.Subscriptions[0].Endpoint, topic.Subscriptions[0].Bindings.Single()));
        Assert.Equal(HttpStatusCode.NoContent, unsubscribed.StatusCode);
        await ServerFixture.ProblemAsync(again, 404, "subscription_not_found");
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await ServerFixture.ProblemAsync(gone, 404, "topic_not_found");
    }

    [Fact]
    public async Task SecondTopicOfTheName_IsRefusedAlsoInAnotherCase()
    {
        using var first = await server.PostAsync("/v1/topics", """{"topic_name":"twice"}""");
        using var second = await server.PostAsync("/v1/topics", """{"topic_name":"Twice"}""");

        await ServerFixture.ProblemAsync(second, 409, "topic_exists");
    }

    [Fact]
    public async Task RepeatedRequests_GiveTheSameAnswer()
    {
        using var first = await server.PostAsync("/v1/topics", """{"topic_name":"repeated"}""", "topic-1");
        using var second = await server.PostAsync("/v1/topics", """{"topic_name":"repeated"}""", "topic-1");
        using var other = await server.PostAsync("/v1/topics", """{"topic_name":"another"}""", "topic-1");
        using var subscribed = await server.PostAsync("/v1/topics/repeated/subscriptions", Queue, "sub-1");
        using var subscribedAgain = await server.PostAsync("/v1/topics/repeated/subscriptions", Queue, "sub-1");
        using var bound = await server.PostAsync("/v1/topics/repeated/subscriptions", Queue);

        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        await ServerFixture.ProblemAsync(other, 422, "idempotency_key_reused");
        Assert.Equal(await subscribed.Content.ReadAsStringAsync(), await subscribedAgain.Content.ReadAsStringAsync());
        await ServerFixture.ProblemAsync(bound, 409, "subscription_exists");
    }

    [Fact]
    public async Task KeyThatIsNewForASubscriptionThatStands_DidNotMakeIt()
    {
        using var made = await server.PostAsync("/v1/topics", """{"topic_name":"standing"}""");
        using var first = await server.PostAsync("/v1/topics/standing/subscriptions", Queue);
        using var second = await server.PostAsync("/v1/topics/standing/subscriptions", Queue, "standing-1");
        using var third = await server.PostAsync("/v1/topics/standing/subscriptions", Queue, "standing-1");

        await ServerFixture.ProblemAsync(second, 409, "subscription_exists");
        await ServerFixture.ProblemAsync(third, 409, "subscription_exists");
    }

    [Fact]
    public async Task SubscriptionOfAMissingTopic_IsNotFound()
    {
        using var response = await server.PostAsync("/v1/topics/missing/subscriptions", Queue);

        await ServerFixture.ProblemAsync(response, 404, "topic_not_found");
    }

    [Fact]
    public async Task List_PagesByName()
    {
        foreach (var name in new[] { "zebra-2", "zebra-1", "Zebra-3" })
        {
            using var response = await server.PostAsync("/v1/topics", $$"""{"topic_name":"{{name}}"}""");
        }

        var names = new List<string>();
        string? cursor = null;
        do
        {
            var page = await server.GetAsync<Page<TopicView>>($"/v1/topics?limit=1{(cursor is null ? "" : $"&cursor={cursor}")}");
            names.AddRange(page.Items.Select(topic => topic.TopicName));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        Assert.Equal(["zebra-1", "zebra-2", "Zebra-3"], names.Where(name => name.StartsWith("zebra", StringComparison.OrdinalIgnoreCase)));
    }
}
