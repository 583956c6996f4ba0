using System.Text.RegularExpressions;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Jobs;

/// <summary>Reads the container of an application.</summary>
internal static partial class DockerReader
{
    private const int LongestName = 512;
    private const int LongestSecretBytes = 16_384;
    private const int LongestOptionsBytes = 8_192;
    private const string Docker = "docker";

    private static readonly TextRule Image = new()
    {
        MinLength = 1,
        MaxLength = LongestName,
        Pattern = ImagePattern(),
        Form = "the name of an image, [registry/]name[:tag][@digest]",
        EmptyCode = ItemCodes.DockerImageInvalid,
        InvalidCode = ItemCodes.DockerImageInvalid,
        TooLongCode = ItemCodes.DockerImageInvalid,
    };

    // A colon ends the user in what is sent to a registry.
    private static readonly TextRule User = new()
    {
        MinLength = 1,
        MaxLength = LongestName,
        Pattern = UserPattern(),
        Form = "a name without ':' and control characters",
        EmptyCode = ItemCodes.DockerUserInvalid,
        InvalidCode = ItemCodes.DockerUserInvalid,
        TooLongCode = ItemCodes.DockerUserInvalid,
    };

    private static readonly TextRule Password = new()
    {
        MinLength = 1,
        MaxBytes = LongestSecretBytes,
        IsSecret = true,
        EmptyCode = ItemCodes.DockerPasswordInvalid,
        TooLongCode = ItemCodes.DockerPasswordInvalid,
    };

    private static readonly TextRule Server = new()
    {
        MinLength = 1,
        MaxLength = LongestName,
        Pattern = ServerPattern(),
        Form = "a registry as host or host:port",
        EmptyCode = ItemCodes.DockerServerInvalid,
        InvalidCode = ItemCodes.DockerServerInvalid,
        TooLongCode = ItemCodes.DockerServerInvalid,
    };

    private static readonly TextRule Options = new() { MaxBytes = LongestOptionsBytes, TooLongCode = ItemCodes.DockerRunOptionInvalid };

    /// <summary>Members of the container.</summary>
    internal static MemberSet Members { get; } = new(["image", "user", "password", "server", "max_retry_count", "delay_on_retry", "docker_run_option"]);

    /// <summary>The member <c>docker</c> of an application; null when there is none, or nothing is known of it.</summary>
    internal static DockerDocument? Read(ObjectReader application, ProblemList problems)
    {
        if (application.Find(Docker) is not { } element || ObjectReader.Open(element, application.PathOf(Docker), Members, problems) is not { } docker)
        {
            return null;
        }

        if (application.Find("builtin") is not null)
        {
            problems.Add(application.PathOf(Docker), ItemCodes.DockerWithBuiltin, "A built-in runs in no container: give 'command' or 'argv'.");
        }

        if (docker.Find("user") is null != docker.Find("password") is null)
        {
            problems.Add(docker.Path, ItemCodes.DockerLoginIncomplete, "Expected 'user' and 'password' together, given one of them.");
        }

        var password = docker.Text("password", Password);
        if (password == DockerDocument.Mask)
        {
            problems.Add(docker.PathOf("password"), ItemCodes.DockerPasswordInvalid, "Expected the password itself, given the mask that stands for it where it is shown.");
        }

        return new()
        {
            Image = docker.RequiredText("image", Image),
            User = docker.Text("user", User),
            Password = password,
            Server = docker.Text("server", Server),
            MaxRetryCount = docker.Integer("max_retry_count", 0, DockerDocument.MostRetries, ItemCodes.DockerMaxRetryCountOutOfRange) ?? 0,
            DelayOnRetry = docker.Integer("delay_on_retry", 0, DockerDocument.LongestDelay, ItemCodes.DockerDelayOnRetryOutOfRange) ?? 1,
            DockerRunOption = ReadOptions(docker, problems),
        };
    }

    private static string? ReadOptions(ObjectReader docker, ProblemList problems)
    {
        var line = docker.Text("docker_run_option", Options);
        if (line is not null && RunOptions.Read(line, out var problem) is null)
        {
            problems.Add(docker.PathOf("docker_run_option"), problem!.IsReserved ? ItemCodes.DockerRunOptionReserved : ItemCodes.DockerRunOptionInvalid, problem.Message);
        }

        return line;
    }

    // Not the names of podman's other sources, with which "dir:x" would be a folder of the node.
    [GeneratedRegex(@"^(?!(?:dir|oci|oci-archive|docker-archive|docker-daemon|containers-storage|ostree|sif|tarball):)(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?/)?[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?\z")]
    private static partial Regex ImagePattern();

    [GeneratedRegex(@"^[^:\p{Cc}]+\z")]
    private static partial Regex UserPattern();

    [GeneratedRegex(@"^(?:https?://)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:/v[12]/?)?\z")]
    private static partial Regex ServerPattern();
}
