using System.Net;
using System.Net.Http.Headers;
using BatchPlane.Core.Access;
using Microsoft.Extensions.DependencyInjection;

namespace BatchPlane.Server.Tests.Api;

public sealed class ApiKeyTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private ApiKeyStore Keys => server.Services.GetRequiredService<ApiKeyStore>();

    [Fact]
    public async Task SigningKey_IsRecoverable()
    {
        var found = await Keys.FindSigningKeyAsync(server.Key.SecretId, CancellationToken.None);

        Assert.Equal(("bootstrap", server.Key.SecretKey), (found?.Key.KeyName, found?.SecretKey));
        Assert.Null(await Keys.FindSigningKeyAsync("AKIDnobody", CancellationToken.None));
    }

    [Fact]
    public async Task RevokedKey_IsRefusedOnceForgotten()
    {
        var key = AccessSecrets.NewBearerKey();
        await server.ExecuteAsync($"""
            INSERT INTO api_keys (key_id, key_name, key_hash, secret_id, secret_encrypted, created_at, revoked_at)
            VALUES ('key-revoked', 'revoked', '\x{Convert.ToHexString(AccessSecrets.Hash(key))}', 'AKIDrevoked', '', now(), now())
            """);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/jobs");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await server.Anonymous.SendAsync(request);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task Secrets_AreNotStoredInTheClear()
    {
        Assert.Equal(1, await server.CountAsync("api_keys WHERE key_id = 'key-bootstrap'"));
        Assert.Equal(0, await server.CountAsync($"api_keys WHERE position('{server.Key.SecretKey}' IN encode(secret_encrypted, 'escape')) > 0"));
        Assert.Equal(0, await server.CountAsync($"api_keys WHERE position('{server.Key.BearerKey}' IN encode(key_hash, 'escape')) > 0"));
    }
}
