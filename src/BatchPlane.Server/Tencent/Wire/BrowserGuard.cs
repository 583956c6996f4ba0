using System.Net;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>
/// Without authentication everybody on this machine may call, and with him every page that his browser shows: a form or an image needs nobody's leave to send a request. What no page can
/// send, or what only a browser sends, tells them apart: a page of another site may not set the header of the action, a name that leads here by a trick is none of this machine, and browsers
/// say where a request comes from.
/// </summary>
internal static class BrowserGuard
{
    /// <summary>Why a request without authentication is refused; null: it is not.</summary>
    internal static TencentError? ProblemOf(WireRequest request)
    {
        if (request.Header(WireRequest.ActionHeader).Length == 0)
        {
            return new(ErrorCodes.InvalidAuthorization, "Without authentication only requests with the header X-TC-Action are taken.");
        }

        if (!IsLoopback(new HostString(request.Host).Host))
        {
            return new(ErrorCodes.InvalidAuthorization, "Without authentication only requests to localhost or a loopback address are taken: name the endpoint so.");
        }

        return request.Header("Origin").Length > 0 || request.Header("Sec-Fetch-Site") is not ("" or "none" or "same-origin")
            ? new(ErrorCodes.InvalidAuthorization, "Without authentication no requests of web pages are taken.")
            : null;
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
