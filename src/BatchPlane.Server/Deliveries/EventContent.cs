namespace BatchPlane.Server.Deliveries;

/// <summary>An event in the format of a subscription.</summary>
/// <param name="Body">Its bytes.</param>
/// <param name="ContentType">Media type.</param>
internal readonly record struct EventContent(ReadOnlyMemory<byte> Body, string ContentType);
