namespace BatchPlane.Server.Tencent.Wire;

/// <summary>A refusal as the façade tells it: always in an answer of status 200.</summary>
/// <param name="Code">One of <see cref="ErrorCodes"/>.</param>
/// <param name="Message">What is wrong, for people; never a secret.</param>
internal sealed record TencentError(string Code, string Message);
