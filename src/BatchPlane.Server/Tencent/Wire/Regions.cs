namespace BatchPlane.Server.Tencent.Wire;

/// <summary>Regions that requests name. One installation serves them all: the name is kept for the messages about what the request makes, and decides nothing.</summary>
internal static class Regions
{
    /// <summary>Longest name of a region. Tencent's have some twenty characters.</summary>
    internal const int MaxLength = 64;

    /// <summary>What is wrong with the name of a region; null: nothing, which it is also when there is none.</summary>
    internal static TencentError? ProblemOf(string region) => region.Length <= MaxLength && region.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
        ? null
        : new(ErrorCodes.UnsupportedRegion, FormattableString.Invariant($"Expected a region of at most {MaxLength} letters, digits and '-', or none."));
}
