using System.Text.Json.Nodes;
using BatchPlane.Core;
using BatchPlane.Server.Tencent.Catalogue;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tencent.Actions;

/// <summary>Checks that several actions make.</summary>
internal static class Checks
{
    private const int MaxTokenLength = 64;

    /// <summary>What is wrong with the form of ids; null: nothing.</summary>
    internal static TencentError? OfIds(IEnumerable<string> ids, string prefix, string code) => ids.FirstOrDefault(id => !EntityId.IsWellFormed(prefix, id)) is { } malformed
        ? new(code, $"Expected {prefix} and 8 of a-z, 0-9, given \"{(malformed.Length > 60 ? malformed[..60] : malformed)}\".")
        : null;

    /// <summary>What is wrong with the id of a job; null: nothing.</summary>
    internal static TencentError? OfJob(string jobId) => OfIds([jobId], EntityId.Job, ErrorCodes.JobIdMalformed);

    /// <summary>What is wrong with the id of an environment; null: nothing.</summary>
    internal static TencentError? OfEnvironment(string envId) => OfIds([envId], EntityId.Environment, ErrorCodes.EnvIdMalformed);

    /// <summary>What is wrong with a placement; null: nothing.</summary>
    internal static TencentError? OfPlacement(JsonObject placement, MachineCatalogue catalogue) => catalogue.Zones.Contains(placement["Zone"]!.GetValue<string>())
        ? null
        : new(ErrorCodes.UnavailableZone, $"`Placement.Zone`: expected one of {string.Join(", ", catalogue.Zones)}.");

    /// <summary>What is wrong with a token; null: nothing, or there is none.</summary>
    internal static TencentError? OfToken(string token) => token.Length <= MaxTokenLength && token.All(char.IsAscii)
        ? null
        : new(ErrorCodes.InvalidParameterValue, FormattableString.Invariant($"`ClientToken`: expected at most {MaxTokenLength} ASCII characters."));
}
