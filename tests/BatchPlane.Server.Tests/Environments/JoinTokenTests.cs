using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Environments;
using Microsoft.Extensions.DependencyInjection;

namespace BatchPlane.Server.Tests.Environments;

/// <summary>Tokens that let machines join one environment: made, listed and revoked over REST, and used by agents.</summary>
public sealed class JoinTokenTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task TokenOfAnEnvironment_LetsMachinesJoinThatAndNoOther()
    {
        var (mine, other) = (await CreateAsync("token-mine"), await CreateAsync("token-other"));
        var made = await MakeAsync(mine, "{\"TtlSeconds\":60,\"description\":\"rack 7\"}");

        Assert.StartsWith("bpj_", made.Token, StringComparison.Ordinal);
        Assert.Equal(mine, (await JoinedAsync(made.Token, env: null)).EnvId);
        var joined = await JoinedAsync(made.Token, env: "token-mine");
        Assert.Equal(joined.NodeId, (await JoinedAsync(made.Token, nodeId: joined.NodeId)).NodeId);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(made.Token, env: other));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(made.Token, env: "default"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("bpj_" + new string('x', 43), env: mine));
        // The way of the whole installation stays.
        Assert.Equal(other, (await JoinedAsync(ServerFixture.JoinToken, env: other)).EnvId);

        var ofProvider = await ProvidersNodeAsync(mine);
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(made.Token, nodeId: ofProvider));
    }

    [Fact]
    public async Task TokenThatIsRevokedOrExpired_LetsNobodyJoin()
    {
        var env = await CreateAsync("token-ends");
        var (revoked, expired, valid) = (await MakeAsync(env), await MakeAsync(env), await MakeAsync(env, "{\"description\":\"stays\"}"));

        using var deleted = await server.Client.DeleteAsync($"/v1/environments/{env}/join-tokens/{revoked.TokenId}");
        using var again = await server.Client.DeleteAsync($"/v1/environments/{env}/join-tokens/{revoked.TokenId}");
        await server.ExecuteAsync($"UPDATE join_tokens SET expires_at = now() WHERE token_id = '{expired.TokenId}'");

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (deleted.StatusCode, again.StatusCode));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(revoked.Token, env: env));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(expired.Token, env: env));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(valid.Token, env: env));
        var listed = Assert.Single((await server.GetAsync<Page<JoinTokenView>>($"/v1/environments/{env}/join-tokens")).Items);
        Assert.Equal((valid.TokenId, "stays", "user:bootstrap"), (listed.TokenId, listed.Description, listed.CreatedBy));
        Assert.Equal(0, await server.CountAsync($"join_tokens WHERE token_hash = convert_to('{valid.Token}', 'UTF8')"));
    }

    [Fact]
    public async Task JoinWhoseAnswerWasLost_IsAnsweredAgainAndMakesNothingNew()
    {
        var env = await CreateAsync("token-again");
        var token = (await MakeAsync(env)).Token;

        var first = await JoinedAsync(token, joinId: "join-1");
        await server.ExecuteAsync($"UPDATE nodes SET lease_until = now() + interval '1 second' WHERE node_id = '{first.NodeId}'");
        var again = await JoinedAsync(token, joinId: "join-1");
        var leases = await server.CountAsync($"nodes WHERE node_id = '{first.NodeId}' AND lease_until > now() + interval '2 seconds'");
        var anew = await JoinedAsync(token, nodeId: first.NodeId, joinId: "join-2");
        var anewAgain = await JoinedAsync(token, nodeId: first.NodeId, joinId: "join-2");
        var other = await JoinedAsync(token, joinId: "join-3");
        using var empty = await JoinAsync(token, env, null, "");
        using var tooLong = await JoinAsync(token, env, null, new string('x', JoinRequest.MaxJoinIdLength + 1));

        Assert.Equal((first.NodeId, first.Epoch, first.NodeToken), (again.NodeId, again.Epoch, again.NodeToken));
        Assert.True(anew.NodeId == first.NodeId && anew.Epoch > first.Epoch);
        Assert.Equal((anew.Epoch, anew.NodeToken), (anewAgain.Epoch, anewAgain.NodeToken));
        Assert.NotEqual(first.NodeId, other.NodeId);
        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (empty.StatusCode, tooLong.StatusCode));
        Assert.Equal(1, leases);
        Assert.Equal(2, (await server.GetAsync<Page<NodeView>>($"/v1/environments/{env}/nodes")).Items.Count);
        Assert.Equal(1, await server.CountAsync($"events WHERE subject_id = '{env}' AND state = 'ABNORMAL'"));
    }

    [Fact]
    public async Task GivenUpMeanwhile_TheSameJoinBeginsANewEpochOfTheSameNode()
    {
        var env = await CreateAsync("token-given-up");
        var token = (await MakeAsync(env)).Token;
        var first = await JoinedAsync(token, joinId: "join-1");
        await server.Services.GetRequiredService<EnvironmentStore>().ChangeAsync(
            env, environment => { environment.Lose(environment.Find(first.NodeId)!, "silent"); return environment; }, CancellationToken.None);

        var again = await JoinedAsync(token, joinId: "join-1");

        Assert.True(again.NodeId == first.NodeId && again.Epoch > first.Epoch + 1, $"{first.NodeId} {first.Epoch}, {again.NodeId} {again.Epoch}");
    }

    [Fact]
    public async Task BadRequests_AreRefusedWithEveryProblem()
    {
        var env = await CreateAsync("token-bad");

        using var bad = await server.PostAsync($"/v1/environments/{env}/join-tokens", $"{{\"ttl_seconds\":59,\"description\":\"{new string('x', 201)}\",\"more\":1}}");
        using var nowhere = await server.PostAsync("/v1/environments/env-nowhere0/join-tokens", "{}");
        using var unknown = await server.Client.DeleteAsync($"/v1/environments/{env}/join-tokens/jtok-nowhere0");

        Assert.Equal(
            ["join_token_description_too_long", "member_unknown", "ttl_seconds_out_of_range"],
            (await ServerFixture.ProblemAsync(bad, 400, "invalid_request")).Errors.Select(error => error.Code).Order(StringComparer.Ordinal));
        await ServerFixture.ProblemAsync(nowhere, 404, "environment_not_found");
        await ServerFixture.ProblemAsync(unknown, 404, "join_token_not_found");
    }

    private async Task<string> CreateAsync(string name)
    {
        using var created = await server.PostAsync("/v1/environments", $$"""{"env_name":"{{name}}","provider":"attached"}""");
        return (await ServerFixture.ReadAsync<CreateEnvironmentResponse>(created)).EnvId;
    }

    private async Task<CreateJoinTokenResponse> MakeAsync(string env, string body = "{}")
    {
        using var made = await server.PostAsync($"/v1/environments/{env}/join-tokens", body);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync());
        return await ServerFixture.ReadAsync<CreateJoinTokenResponse>(made);
    }

    private async Task<string> ProvidersNodeAsync(string env) => (await server.Services.GetRequiredService<EnvironmentStore>().ChangeAsync(
        env, environment => environment.AddNode(EntityId.New(EntityId.Node), EntityId.New(EntityId.Instance), "host-a"), CancellationToken.None))!.NodeId;

    private async Task<JoinResponse> JoinedAsync(string token, string? env = null, string? nodeId = null, string? joinId = null)
    {
        using var response = await JoinAsync(token, env, nodeId, joinId);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await ServerFixture.ReadAsync<JoinResponse>(response);
    }

    private async Task<HttpStatusCode> StatusAsync(string token, string? env = null, string? nodeId = null)
    {
        using var response = await JoinAsync(token, env, nodeId);
        return response.StatusCode;
    }

    private async Task<HttpResponseMessage> JoinAsync(string token, string? env, string? nodeId, string? joinId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, AgentRoutes.Join)
        {
            Content = new StringContent(
                JsonSerializer.Serialize(new JoinRequest { JoinId = joinId, NodeId = nodeId, Env = env, HostName = "h", Cpu = 2, Mem = 4, Slots = 1, AgentVersion = "1.0" }, BatchPlaneJson.Options),
                Encoding.UTF8,
                "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await server.Anonymous.SendAsync(request);
    }
}
