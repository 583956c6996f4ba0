using System.Net;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Tests.Environments;

public sealed class EnvironmentEndpointTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task Environment_IsShownAsCreated()
    {
        using var created = await server.PostAsync("/v1/environments", """
            {"EnvName":"workers","DesiredComputeNodeCount":2,"Provider":"Attached",
             "Notifications":[{"TopicName":"env-message","EventConfigs":[{"EventName":"ComputeEnvCreated"}]}]}
            """, "workers");
        var id = (await ServerFixture.ReadAsync<CreateEnvironmentResponse>(created)).EnvId;

        var environment = await server.GetAsync<EnvironmentView>($"/v1/environments/{id}");
        var events = await server.GetAsync<Page<EventView>>($"/v1/environments/{id}/events");

        Assert.Equal((HttpStatusCode.Created, $"/v1/environments/{id}"), (created.StatusCode, created.Headers.Location?.ToString()));
        Assert.Equal(("workers", 2, NodeProvider.Attached, false), (environment.EnvName, environment.DesiredComputeNodeCount, environment.Provider, environment.IsDefault));
        Assert.Equal(["env-message"], Assert.Single(events.Items, entry => entry.EventName == "COMPUTE_ENV_CREATED").Topics);
    }

    [Fact]
    public async Task SecondEnvironmentOfTheName_IsRefused()
    {
        using var first = await server.PostAsync("/v1/environments", """{"env_name":"twice"}""");
        using var second = await server.PostAsync("/v1/environments", """{"env_name":"twice"}""");

        await ServerFixture.ProblemAsync(second, 409, "environment_exists");
    }

    [Fact]
    public async Task Deletion_IsAcceptedOnceNothingNeedsIt()
    {
        using var created = await server.PostAsync("/v1/environments", """{"env_name":"going","provider":"attached"}""");
        var id = (await ServerFixture.ReadAsync<CreateEnvironmentResponse>(created)).EnvId;
        using var submitted = await server.PostAsync("/v1/jobs", $$$"""{"env_id":"{{{id}}}","tasks":[{"application":{"command":"true"}}]}""");
        var job = (await ServerFixture.ReadAsync<SubmitJobResponse>(submitted)).JobId;

        using var early = await server.Client.DeleteAsync($"/v1/environments/{id}");
        using var terminated = await server.Client.PostAsync($"/v1/jobs/{job}/terminate", null);
        using var deleted = await server.Client.DeleteAsync($"/v1/environments/{id}");
        using var late = await server.PostAsync("/v1/jobs", $$$"""{"env_id":"{{{id}}}","tasks":[{"application":{"command":"true"}}]}""");

        await ServerFixture.ProblemAsync(early, 409, "environment_state");
        Assert.Equal(HttpStatusCode.Accepted, deleted.StatusCode);
        Assert.Equal("environment_unknown", (await ServerFixture.ProblemAsync(late, 400, "invalid_request")).Errors.Single().Code);
    }
}
