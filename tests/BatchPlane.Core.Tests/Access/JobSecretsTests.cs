using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Access;

namespace BatchPlane.Core.Tests.Access;

public sealed class JobSecretsTests : IDisposable
{
    private const string Secret = "hunter2";

    private readonly InstallationKey _key = new(new byte[InstallationKey.KeyBytes]);

    private JobSecrets Secrets => new(_key);

    public void Dispose() => _key.Dispose();

    [Fact]
    public void Sealed_HidesThePasswordAndOpensForTheAgent()
    {
        var docker = Secrets.Seal(Job()).Tasks[0].Application.Docker!;

        Assert.DoesNotContain(Secret, JsonSerializer.Serialize(docker, BatchPlaneJson.Options), StringComparison.Ordinal);
        Assert.Equal(("bob", Secret), Opened(docker));
    }

    [Fact]
    public void SentToAnotherRegistry_DoesNotOpen()
    {
        var docker = Secrets.Seal(Job()).Tasks[0].Application.Docker!;

        Assert.Equal((null, null), Opened(docker with { Server = "evil.example" }));
    }

    [Fact]
    public void OfAnotherInstallation_IsLostWithItsUser()
    {
        using var other = new InstallationKey([.. Enumerable.Repeat((byte)1, InstallationKey.KeyBytes)]);
        var docker = new JobSecrets(other).Seal(Job()).Tasks[0].Application.Docker!;

        Assert.Equal((null, null), Opened(docker));
    }

    [Fact]
    public void KeyOfAStore_OpensForTheAgentOfItsInstallationAndItsId()
    {
        using var other = new InstallationKey([.. Enumerable.Repeat((byte)1, InstallationKey.KeyBytes)]);
        var job = new JobDocument { Tasks = [new() { TaskName = "a", Application = new() { Command = "true" }, Authentications = [new(StorageScene.S3, "bob", Secret)] }] };

        var stored = Secrets.Seal(job).Tasks[0].Authentications[0];

        Assert.DoesNotContain(Secret, stored.SecretKey, StringComparison.Ordinal);
        Assert.Equal(Secret, Key(Secrets, stored));
        Assert.Null(Key(Secrets, stored with { SecretId = "eve" }));
        Assert.Null(Key(new JobSecrets(other), stored));
        Assert.Equal(DockerDocument.Mask, JobSecrets.Mask(job).Tasks[0].Authentications[0].SecretKey);
    }

    [Fact]
    public void Masked_ShowsThatThereIsOne() => Assert.Equal(DockerDocument.Mask, JobSecrets.Mask(Job()).Tasks[0].Application.Docker!.Password);

    [Theory]
    [InlineData("""{"application":{"command":"true","docker":{"image":"a","user":"bob","password":"hunter2"}},"timeout":60}""")]
    [InlineData("""{"Application":{"Command":"true","Docker":{"Image":"a","User":"bob","PassWord":"hunter2"}}}""")]
    public void Template_IsSealedOpenedAndMaskedInAnySpelling(string task)
    {
        var sealedTask = Secrets.SealTemplate(task);

        Assert.DoesNotContain(Secret, sealedTask, StringComparison.Ordinal);
        Assert.Equal(task, Secrets.OpenTemplate(sealedTask));
        Assert.Equal(task.Replace(Secret, DockerDocument.Mask, StringComparison.Ordinal), JobSecrets.MaskTemplate(sealedTask));
    }

    [Theory]
    [InlineData("""{"timeout":60}""")]
    [InlineData("""{"application":{"command":"password"}}""")]
    [InlineData("""{"application":{"command":"true","docker":{"image":"a"}}}""")]
    public void TemplateWithoutAPassword_StaysAsItIs(string task) => Assert.Equal((task, task, task), (Secrets.SealTemplate(task), Secrets.OpenTemplate(task), JobSecrets.MaskTemplate(task)));

    private static JobDocument Job() => new()
    {
        Tasks = [new() { TaskName = "a", Application = new() { Command = "true", Docker = new() { Image = "r.example/a", User = "bob", Password = Secret } } }],
    };

    private static string? Key(JobSecrets secrets, AuthenticationDocument stored) => secrets.Open(new RunSpec { Files = new() { Authentications = [stored] } }).Files!.Authentications[0].SecretKey;

    private (string? User, string? Password) Opened(DockerDocument docker)
    {
        var opened = Secrets.Open(new RunSpec { Docker = docker }).Docker!;
        return (opened.User, opened.Password);
    }
}
