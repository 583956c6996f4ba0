using BatchPlane.Testing;

namespace BatchPlane.Server.Tests.Outputs;

/// <summary>A server that keeps outputs in its data directory.</summary>
public class DirectoryOutputServer : ServerFixture
{
    /// <summary>Followers that the server allows.</summary>
    public const int MaxFollowers = 12;

    /// <summary>Bytes of a piece that the server takes.</summary>
    public const int MaxPieceBytes = 70_000;

    protected override Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync() => Task.FromResult<IReadOnlyList<KeyValuePair<string, string?>>>(
    [
        KeyValuePair.Create("Outputs:MaxFollowers", (string?)$"{MaxFollowers}"),
        KeyValuePair.Create("Outputs:FollowSeconds", (string?)"0.05"),
        KeyValuePair.Create("Outputs:MaxPieceBytes", (string?)$"{MaxPieceBytes}"),
    ]);
}

/// <summary>A server that keeps outputs in a bucket.</summary>
public sealed class S3OutputServer : DirectoryOutputServer
{
    private S3Server _s3 = null!;

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _s3.DisposeAsync();
    }

    protected override async Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync()
    {
        _s3 = await S3Server.StartAsync("logs");
        return
        [
            .. await base.OptionsAsync(),
            KeyValuePair.Create("Outputs:Storage", (string?)"S3"),
            KeyValuePair.Create("Outputs:S3Bucket", (string?)"logs"),
            KeyValuePair.Create("Outputs:S3Endpoint", (string?)_s3.Url),
            KeyValuePair.Create("Outputs:S3AccessKey", (string?)S3Server.Key),
            KeyValuePair.Create("Outputs:S3SecretKey", (string?)S3Server.Key),
        ];
    }
}
