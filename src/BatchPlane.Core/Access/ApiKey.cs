namespace BatchPlane.Core.Access;

/// <summary>Who calls.</summary>
/// <param name="KeyId">Id of the key, <c>key-</c> and 8 of <c>[a-z0-9]</c>, or <c>key-bootstrap</c>.</param>
/// <param name="KeyName">Its name; what the journal calls the caller.</param>
public sealed record ApiKey(string KeyId, string KeyName);

/// <summary>A key for signed requests.</summary>
/// <param name="Key">Whose it is.</param>
/// <param name="SecretKey">The secret in the clear; never logged.</param>
public sealed record SigningKey(ApiKey Key, string SecretKey);

/// <summary>The key that the configuration gives, so that there is one before anybody can make one.</summary>
/// <param name="BearerKey"><c>bp_…</c>.</param>
/// <param name="SecretId">Id for signed requests.</param>
/// <param name="SecretKey">Secret for signed requests.</param>
public sealed record BootstrapKey(string BearerKey, string SecretId, string SecretKey);
