using System.Net.Http.Headers;

namespace BatchPlane.Server.Api.Authentication;

/// <summary>The header <c>Authorization: Bearer …</c>, as API keys, join tokens and node tokens use it.</summary>
internal static class BearerHeader
{
    /// <summary>The token; null when there is none or the header is of another scheme.</summary>
    internal static string? Read(HttpRequest request) =>
        AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out var header)
        && header.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase)
        && !string.IsNullOrWhiteSpace(header.Parameter)
            ? header.Parameter
            : null;
}
