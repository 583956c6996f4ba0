using BatchPlane.Server.Tencent;
using BatchPlane.Server.Tencent.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>Bodies are bounded each and together, whatever was announced, and let go of.</summary>
public sealed class BodyReaderTests
{
    private readonly BodyReader _bodies = new(Options.Create(new TencentOptions { MaxBodyBytes = 3_000, MaxFormBytes = 2_000, MaxBodyBytesInFlight = 4_000, MaxFormBytesInFlight = 2_000 }), TimeProvider.System);

    private Task<(WireBody? Body, TencentError? Error)> ReadAsync(int bytes, bool isForm = false)
    {
        var context = new DefaultHttpContext();
        context.Request.Body = new MemoryStream(new byte[bytes]);
        return _bodies.ReadAsync(context, isForm);
    }

    [Fact]
    public async Task AllTogether_AreBoundedUntilTheyAreLetGo()
    {
        var (first, _) = await ReadAsync(3_000);
        var (none, refusal) = await ReadAsync(1_001);
        var (form, _) = await ReadAsync(2_000, isForm: true);
        var (_, formRefusal) = await ReadAsync(1, isForm: true);
        var (second, _) = await ReadAsync(1_000);

        Assert.Equal((null, "RequestLimitExceeded", "RequestLimitExceeded"), (none, refusal?.Code, formRefusal?.Code));
        Assert.Equal((3_000, 2_000, 1_000, 6_000L), (first!.Bytes.Length, form!.Bytes.Length, second!.Bytes.Length, _bodies.InFlight));
        foreach (var body in (WireBody[])[first, form, second])
        {
            body.Dispose();
            body.Dispose();
        }

        Assert.Equal(0, _bodies.InFlight);
        Assert.Null((await ReadAsync(3_000)).Error);
    }

    [Fact]
    public async Task TooLargeOrBrokenOff_HoldsNothing()
    {
        var broken = new DefaultHttpContext();
        broken.Request.Body = new BrokenStream();

        Assert.Equal("RequestSizeLimitExceeded", (await ReadAsync(3_001)).Error?.Code);
        Assert.Equal("RequestSizeLimitExceeded", (await ReadAsync(2_001, isForm: true)).Error?.Code);
        await Assert.ThrowsAsync<IOException>(() => _bodies.ReadAsync(broken, isForm: false));
        Assert.Equal(0, _bodies.InFlight);
    }

    /// <summary>Some bytes, then no more.</summary>
    private sealed class BrokenStream() : MemoryStream(new byte[100])
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            await base.ReadAsync(buffer, cancellationToken) is > 0 and var read ? read : throw new IOException("Connection reset.");
    }
}
