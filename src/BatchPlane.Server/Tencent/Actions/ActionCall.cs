using System.Security.Cryptography;
using System.Text.Json.Nodes;
using BatchPlane.Core;
using BatchPlane.Core.Idempotency;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.Tencent.Fields;

namespace BatchPlane.Server.Tencent.Actions;

/// <summary>One call of an action, its fields read and checked.</summary>
/// <param name="Action">Its name.</param>
/// <param name="Parameters">The fields that were given, of the types that they are described with.</param>
/// <param name="Caller">Who calls.</param>
/// <param name="CancellationToken">The caller went away.</param>
internal sealed record ActionCall(string Action, JsonObject Parameters, Caller Caller, CancellationToken CancellationToken)
{
    /// <summary>The region that the request names; null: none.</summary>
    internal string? Region { get; init; }

    /// <summary>What is kept of a request that makes something. <paramref name="shown"/>: its fields, secrets masked.</summary>
    internal TencentRequest Shown(JsonObject shown, JsonObject placement) => new(shown.ToJsonString(), placement["Zone"]!.GetValue<string>(), Region);

    /// <summary>A text; empty when it was not given.</summary>
    internal string Text(string name) => Parameters[name]?.GetValue<string>() ?? "";

    /// <summary>A whole number; null when it was not given.</summary>
    internal int? Number(string name) => Parameters[name] is { } value ? (int)value.GetValue<long>() : null;

    /// <summary>A list of texts; null when it was not given.</summary>
    internal IReadOnlyList<string>? Texts(string name) => Parameters[name] is JsonArray list ? [.. list.Select(item => item!.GetValue<string>())] : null;

    /// <summary>An object; null when it was not given.</summary>
    internal JsonObject? Object(string name) => Parameters[name] as JsonObject;

    /// <summary>
    /// <c>ClientToken</c> with the hash of what came with it; null when there is none. The hash is of the fields, not of the bytes, so that a request that is sent again in
    /// another order or form of the wire is the same.
    /// </summary>
    internal IdempotencyKey? Key() => Text("ClientToken") is { Length: > 0 } token
        ? new IdempotencyKey($"{Caller.KeyId}:tencent:{Action}", token, SHA256.HashData(CanonicalJson.Of(Parameters)))
        : null;
}
