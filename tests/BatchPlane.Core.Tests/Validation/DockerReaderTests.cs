using BatchPlane.Contracts;

namespace BatchPlane.Core.Tests.Validation;

public sealed class DockerReaderTests
{
    private const string Path = "$.tasks[0].application.docker";

    [Fact]
    public void Spellings_OfTheSpecificationAreRead()
    {
        var docker = ReadingAssert.Valid(ReadingAssert.Job(
            """
            {"Tasks":[{"Application":{"Command":"true","Docker":{"Image":"registry.example:5000/team/tool:1.2","User":"bob","Password":"se:cret","Server":"registry.example:5000",
              "MaxRetryCount":2,"DelayOnRetry":0,"DockerRunOption":"--init"}}}]}
            """)).Tasks[0].Application.Docker;

        Assert.Equal(
            new DockerDocument
            {
                Image = "registry.example:5000/team/tool:1.2",
                User = "bob",
                Password = "se:cret",
                Server = "registry.example:5000",
                MaxRetryCount = 2,
                DelayOnRetry = 0,
                DockerRunOption = "--init",
            },
            docker);
        Assert.DoesNotContain("se:cret", docker!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("busybox")]
    [InlineData("docker:24")]
    [InlineData("localhost/a:1")]
    [InlineData("a/b__c-d.e/f:V1.0_x")]
    [InlineData("Registry.Example/a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void Image_MayBeAnyReference(string image) => ReadingAssert.Valid(Docker($$"""{"image":"{{image}}"}"""));

    // Podman would take some of these for folders and archives of the node, and an option for an option.
    [Theory]
    [InlineData("--privileged")]
    [InlineData("dir:x")]
    [InlineData("oci-archive:x")]
    [InlineData("docker-archive:/etc/shadow")]
    [InlineData("/etc")]
    [InlineData("../a")]
    [InlineData("a b")]
    [InlineData("Upper")]
    [InlineData("a:1:2")]
    [InlineData("a\\n")]
    public void Image_MayBeNothingElse(string image) => ReadingAssert.Refused(Docker($$"""{"image":"{{image}}"}"""), $"{Path}.image", "docker_image_invalid");

    [Theory]
    [InlineData("\"user\":\"u\"")]
    [InlineData("\"password\":\"p\"")]
    public void LoginOfOneHalf_IsRefused(string half) => ReadingAssert.Refused(Docker($$"""{"image":"a",{{half}}}"""), Path, "docker_login_incomplete");

    [Fact]
    public void Builtin_RunsInNoContainer() => ReadingAssert.Refused(
        ReadingAssert.Job("""{"tasks":[{"application":{"builtin":"noop","docker":{"image":"a"}}}]}"""), Path, "docker_with_builtin");

    [Theory]
    [InlineData("""{"command":"true","run_as_user":"www","docker":{"image":"a"}}""", "run_as_user_misplaced")]
    [InlineData("""{"builtin":"noop","run_as_user":"www"}""", "run_as_user_misplaced")]
    [InlineData("""{"command":"true","run_as_user":"a b"}""", "run_as_user_invalid")]
    public void UserOfTheNode_IsForItsProcessesAlone(string application, string code) =>
        ReadingAssert.Refused(ReadingAssert.Job($$"""{"tasks":[{"application":{{application}}}]}"""), "$.tasks[0].application.run_as_user", code);

    [Theory]
    [InlineData("12345")]
    [InlineData("\"******\"")]
    [InlineData("\"sec\\u0000ret\"")]
    public void BadPassword_IsNotShown(string password)
    {
        var problem = Assert.Single(Docker($$"""{"image":"a","user":"u","password":{{password}}}""").Problems);

        Assert.Equal($"{Path}.password", problem.Path);
        Assert.DoesNotContain("1234", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sec", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReservedOption_HasACodeOfItsOwn() => Assert.Contains(
        "--name",
        ReadingAssert.Refused(Docker("""{"image":"a","docker_run_option":"--init --name x"}"""), $"{Path}.docker_run_option", "docker_run_option_reserved"),
        StringComparison.Ordinal);

    [Fact]
    public void ImageThatCannotBeHad_CannotBeIgnored() => ReadingAssert.Refused(
        ReadingAssert.Job("""{"tasks":[{"application":{"command":"true"},"retry_rules":[{"causes":["image_pull_failed"],"action":"ignore"}]}]}"""),
        "$.tasks[0].retry_rules[0].causes[0]",
        "retry_ignore_start_failed");

    private static Core.Validation.Reading<JobDocument> Docker(string docker) =>
        ReadingAssert.Job($$$"""{"tasks":[{"application":{"command":"true","docker":{{{docker}}}}}]}""");
}
