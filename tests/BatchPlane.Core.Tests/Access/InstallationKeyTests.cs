using System.Security.Cryptography;
using BatchPlane.Core.Access;

namespace BatchPlane.Core.Tests.Access;

public sealed class InstallationKeyTests : IDisposable
{
    private readonly InstallationKey _key = new(new byte[32]);
    private readonly InstallationKey _other = new(Enumerable.Repeat((byte)1, 32).ToArray());
    private readonly string _directory = Directory.CreateTempSubdirectory("batchplane-test-").FullName;

    [Fact]
    public void EncryptedSecret_IsReadableForItsOwnerOnly()
    {
        var encrypted = _key.Encrypt("secret", "key-1");

        Assert.Equal("secret", _key.Decrypt(encrypted, "key-1"));
        Assert.ThrowsAny<CryptographicException>(() => _key.Decrypt(encrypted, "key-2"));
        Assert.ThrowsAny<CryptographicException>(() => _other.Decrypt(encrypted, "key-1"));
        Assert.ThrowsAny<CryptographicException>(() => _key.Decrypt(encrypted.AsSpan(0, 10), "key-1"));
    }

    [Fact]
    public async Task ManyAtOnce_SpoilNothing()
    {
        // Threads of their own, all at work before the first ends: those of the pool come too late to meet.
        const int Threads = 8;
        using var together = new Barrier(Threads);
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(
            () =>
            {
                together.SignalAndWait();
                for (var n = 0; n < 10_000; n++)
                {
                    Assert.Equal($"secret {n}", _key.Decrypt(_key.Encrypt($"secret {n}", $"key-{thread}"), $"key-{thread}"));
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
    }

    [Fact]
    public void SameSecret_IsEncryptedDifferentlyEachTime() =>
        Assert.NotEqual(_key.Encrypt("secret", "key-1"), _key.Encrypt("secret", "key-1"));

    [Fact]
    public void NodeToken_IsGoodForItsNodeAndEpochOnly()
    {
        var token = _key.NodeToken("node-1", 7);

        Assert.True(_key.VerifyNodeToken(token, "node-1", 7));
        Assert.False(_key.VerifyNodeToken(token, "node-1", 8));
        Assert.False(_key.VerifyNodeToken(token, "node-2", 7));
        Assert.False(_other.VerifyNodeToken(token, "node-1", 7));
        Assert.False(_key.VerifyNodeToken("", "node-1", 7));
    }

    [Fact]
    public void KeyFile_IsMadeOnceAndPrivate()
    {
        var first = InstallationKeyFile.LoadOrCreate(_directory);
        var path = Path.Combine(_directory, InstallationKeyFile.FileName);

        Assert.Equal(first, InstallationKeyFile.LoadOrCreate(_directory));
        Assert.Equal([path], Directory.GetFiles(_directory));
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(path) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Fact]
    public void BrokenKeyFile_StopsTheStart()
    {
        File.WriteAllText(Path.Combine(_directory, InstallationKeyFile.FileName), "nonsense");

        Assert.Throws<InvalidOperationException>(() => InstallationKeyFile.LoadOrCreate(_directory));
    }

    [Theory]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void ConfiguredKeyOfTheWrongLength_IsNoKey(string text) => Assert.False(InstallationKeyFile.TryParse(text, out _));

    public void Dispose()
    {
        _key.Dispose();
        _other.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
