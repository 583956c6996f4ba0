using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Jobs;

/// <summary>Reads the body of <c>POST /v1/jobs/{id}/terminate</c>, and of the same for a task or an instance.</summary>
public static class TerminateRequestReader
{
    private static readonly MemberSet Members = new(["reason"]);
    private static readonly TextRule Reason = new() { MaxLength = 500 };

    /// <summary>The request, or everything that is wrong with it; without a body a request without a reason.</summary>
    public static Reading<TerminateJobRequest> Read(JsonElement? body)
    {
        var problems = new ProblemList();
        var reason = body is { } given ? ObjectReader.Open(given, JsonPath.Root, Members, problems)?.Text("reason", Reason) : null;
        return Reading<TerminateJobRequest>.Of(problems, () => new TerminateJobRequest(reason));
    }
}
