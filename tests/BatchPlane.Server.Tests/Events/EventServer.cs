namespace BatchPlane.Server.Tests.Events;

/// <summary>A server whose streams look often, hold little and lose patience soon.</summary>
public sealed class EventServer : ServerFixture
{
    /// <summary>Places for streams.</summary>
    internal const int MaxStreams = 10;

    protected override Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync() => Task.FromResult<IReadOnlyList<KeyValuePair<string, string?>>>(
    [
        new("Events:LookInterval", "00:00:00.020"),
        new("Events:BatchRows", "1"),
        new("Events:BufferedBatches", "3"),
        new("Events:WriteTimeout", "00:00:00.500"),
        new("Events:Heartbeat", "00:00:00.200"),
        new("Events:MaxStreams", $"{MaxStreams}"),
        new("Access:KeyCacheSeconds", "0"),
        new("Dispatch:MaxRedeliveries", "1"),
        new("Dispatch:LagAge", "00:00:00"),
    ]);
}
