using System.Reflection;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tests.Tencent;

public sealed class ErrorTableTests
{
    [Fact]
    public void EveryKindOfRefusal_HasACode() =>
        Assert.DoesNotContain(ProblemKind.All.Select(kind => kind.Code), code => !ErrorTable.OfKinds.ContainsKey(code));

    [Fact]
    public void EveryItem_Exists()
    {
        var known = typeof(ItemCodes).GetFields(BindingFlags.Static | BindingFlags.Public).Select(field => field.GetRawConstantValue()).ToHashSet();

        Assert.Empty(ErrorTable.OfItems.Keys.Where(code => !known.Contains(code)));
    }

    [Fact]
    public void ReusedKey_IsToldInTencentsWords() =>
        Assert.Equal(new("InvalidParameterValue", "`ClientToken`: it came with other fields before."), ErrorTable.Of(new(ProblemKind.IdempotencyKeyReused, "The Idempotency-Key …"), "Job"));

    [Fact]
    public void SeveralProblems_TakeTheCodeOfTheFirstAndAreAllNamed()
    {
        var refusal = ProblemResult.Invalid([new ProblemItem("$.Tasks[0].TaskName", ItemCodes.TaskNameTooLong, "Too long."), new ProblemItem("$", ItemCodes.Required, "Missing.")]);

        Assert.Equal(new("InvalidParameter.TaskNameTooLong", "`Job.Tasks[0].TaskName`: Too long. `Job`: Missing."), ErrorTable.Of(refusal, "Job"));
    }
}
