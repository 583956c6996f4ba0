using System.Net;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Connections;

/// <summary>The server understood the request and refused it (4xx). Ends with <see cref="ExitCodes.Usage"/>.</summary>
internal sealed class ApiRefusedException(HttpStatusCode status, Problem? problem)
    : Exception(problem?.Title ?? $"the server answered {(int)status}")
{
    /// <summary>HTTP status, 400 to 499.</summary>
    public HttpStatusCode Status { get; } = status;

    /// <summary>Problem details; null when the answer carried none (a proxy, for example).</summary>
    public Problem? Problem { get; } = problem;

    /// <summary>The problem for people: title, detail, then one line for each item with its path.</summary>
    public IEnumerable<string> Lines()
    {
        yield return $"refused ({(int)Status}{(Problem is null ? "" : " " + Problem.Code)}): {Message}";
        if (Problem?.Detail is { Length: > 0 } detail && detail != Problem.Title)
        {
            yield return "  " + detail;
        }

        foreach (var item in Problem?.Errors ?? [])
        {
            yield return $"  {item.Path}: {item.Message}";
        }

        if (Status == HttpStatusCode.Unauthorized)
        {
            yield return $"  give a key with --api-key or {Connection.ApiKeyVariable}";
        }
    }
}

/// <summary>No answer, or one that says the server cannot serve now (5xx). Ends with <see cref="ExitCodes.Unreachable"/>.</summary>
internal sealed class ServerUnreachableException(string message, Exception? inner) : Exception(message, inner);
