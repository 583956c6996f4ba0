using System.Security.Claims;
using BatchPlane.Core.Access;
using BatchPlane.Core.Journal;

namespace BatchPlane.Server.Api.Authentication;

/// <summary>Who sent an authenticated request.</summary>
/// <param name="KeyId">Id of the key; the scope of idempotency keys.</param>
/// <param name="Source">What the journal calls the caller, <c>user:&lt;key name&gt;</c>.</param>
internal sealed record Caller(string KeyId, string Source)
{
    /// <summary>The caller of a request whose endpoint requires authorization.</summary>
    internal static Caller Of(HttpContext context)
    {
        var id = context.User.FindFirstValue(ClaimTypes.NameIdentifier);
        var name = context.User.FindFirstValue(ClaimTypes.Name);
        return id is null || name is null
            ? throw new InvalidOperationException("The endpoint does not require authorization.")
            : new Caller(id, JournalSource.User(name));
    }

    internal static ClaimsPrincipal Principal(ApiKey key, string scheme) =>
        new(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, key.KeyId), new Claim(ClaimTypes.Name, key.KeyName)], scheme));
}
