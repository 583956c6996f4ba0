using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Jobs;

/// <summary>Reads the body of <c>PATCH /v1/jobs/{id}</c>.</summary>
public static class ChangeRequestReader
{
    private static readonly MemberSet Members = new(["priority"]);

    /// <summary>The request, or everything that is wrong with it.</summary>
    public static Reading<ChangeJobRequest> Read(JsonElement body)
    {
        var problems = new ProblemList();
        int? priority = null;
        if (ObjectReader.Open(body, JsonPath.Root, Members, problems) is { } request && request.Require("priority") is not null)
        {
            priority = request.Integer("priority", 0, 100, ItemCodes.PriorityOutOfRange);
        }

        return Reading<ChangeJobRequest>.Of(problems, () => new ChangeJobRequest(priority!.Value));
    }
}
