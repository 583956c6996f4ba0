namespace BatchPlane.Core.Idempotency;

/// <summary>An <c>Idempotency-Key</c> header and what it came with: the same key and body give the same answer, another body is refused.</summary>
/// <param name="Scope"><c>&lt;key id&gt;:&lt;operation&gt;</c>: keys of different callers and operations do not meet.</param>
/// <param name="Key">As sent.</param>
/// <param name="BodyHash">SHA-256 of the body's bytes.</param>
public sealed record IdempotencyKey(string Scope, string Key, byte[] BodyHash);
