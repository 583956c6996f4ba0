using System.Reflection;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.Tencent.Wire;
using BatchPlane.Testing;

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

    /// <summary>Of lists that no request in Tencent's words has.</summary>
    private static readonly string[] OtherLists =
    [
        ItemCodes.TooMany, ItemCodes.TooManyProblems, ItemCodes.ArgvTooMany, ItemCodes.RetryRulesTooMany, ItemCodes.ExitCodesTooMany, ItemCodes.SignalsTooMany, ItemCodes.RetryCausesTooMany,
        ItemCodes.RetryReasonsTooMany, ItemCodes.FilterLevelsTooMany, ItemCodes.FilterLabelsTooMany, ItemCodes.SlurmOptionsTooMany, ItemCodes.BindingsTooMany,
    ];

    [Fact]
    public void EveryListThatIsTooLong_ExceedsALimit() =>
        Assert.Empty(
            from field in typeof(ItemCodes).GetFields(BindingFlags.Static | BindingFlags.Public)
            let code = (string)field.GetRawConstantValue()!
            where field.Name.EndsWith("TooMany", StringComparison.Ordinal) && !OtherLists.Contains(code) && ErrorTable.OfItem(code) != "InvalidParameterValue.LimitExceeded"
            select field.Name);

    [Fact]
    public void PublishedCode_IsKnownHereOrNeverAnswered()
    {
        var known = typeof(ErrorCodes).GetFields(BindingFlags.Static | BindingFlags.NonPublic).Select(field => (string)field.GetRawConstantValue()!)
            .Concat(ErrorTable.OfKinds.Values).Concat(ErrorTable.OfItems.Values)
            .ToHashSet(StringComparer.Ordinal);

        Assert.Equal(72, PublishedErrors.Codes.Count);
        Assert.Equal(PublishedErrors.Codes.Except(PublishedErrors.Never.Keys), PublishedErrors.Codes.Where(known.Contains));
        Assert.Empty(PublishedErrors.NotThere.Keys.Concat(PublishedErrors.NotAtWill.Keys).Except(PublishedErrors.Pairs));
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
