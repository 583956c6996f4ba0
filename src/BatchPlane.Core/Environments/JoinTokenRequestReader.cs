using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Environments;

/// <summary>Reads the body of <c>POST /v1/environments/{id}/join-tokens</c>.</summary>
public static class JoinTokenRequestReader
{
    private static readonly MemberSet Members = new(["ttl_seconds", "description"]);

    private static readonly TextRule Description = new() { MaxLength = 200, TooLongCode = ItemCodes.JoinTokenDescriptionTooLong };

    /// <summary>Every member that is read, by the path of its object.</summary>
    internal static IReadOnlyList<(string Path, MemberSet Members)> Fields { get; } = [("$", Members)];

    /// <summary>The request, or everything that is wrong with it; null: there is no body.</summary>
    public static Reading<CreateJoinTokenRequest> Read(JsonElement? body)
    {
        var problems = new ProblemList();
        var request = new CreateJoinTokenRequest();
        if (body is { } given && ObjectReader.Open(given, JsonPath.Root, Members, problems) is { } members)
        {
            request = new()
            {
                TtlSeconds = members.Integer("ttl_seconds", 60, 31_536_000, ItemCodes.TtlSecondsOutOfRange) ?? request.TtlSeconds,
                Description = members.Text("description", Description) ?? "",
            };
        }

        return Reading<CreateJoinTokenRequest>.Of(problems, () => request);
    }
}
