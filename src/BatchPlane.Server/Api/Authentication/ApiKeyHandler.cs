using System.Text.Encodings.Web;
using BatchPlane.Core.Access;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Api.Authentication;

/// <summary>Recognises callers of <c>/v1</c> by their API key. Without required authentication everybody is <c>anonymous</c>.</summary>
internal sealed class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    ApiKeyStore keys,
    IOptions<ApiOptions> api)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    internal const string SchemeName = "ApiKey";

    private static readonly ApiKey Anonymous = new("anonymous", "anonymous");

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        // Agents carry tokens of their own, which are no API keys and are checked by their endpoints.
        if (Request.Path.StartsWithSegments("/agent"))
        {
            return AuthenticateResult.NoResult();
        }

        if (!api.Value.RequireAuthentication)
        {
            return Success(Anonymous);
        }

        if (BearerHeader.Read(Request) is not { } token)
        {
            return AuthenticateResult.NoResult();
        }

        return await keys.FindAsync(token, Context.RequestAborted) is { } key
            ? Success(key)
            : AuthenticateResult.Fail("The key is unknown or revoked.");
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var result = await HandleAuthenticateOnceSafeAsync();
        Response.Headers.WWWAuthenticate = "Bearer";
        await new ProblemResult(ProblemKind.Unauthenticated, result.Failure?.Message ?? "The request carries no 'Authorization: Bearer' key.").ExecuteAsync(Context);
    }

    private AuthenticateResult Success(ApiKey key) =>
        AuthenticateResult.Success(new AuthenticationTicket(Caller.Principal(key, Scheme.Name), Scheme.Name));
}
