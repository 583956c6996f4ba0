using System.Security.Cryptography;
using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Access;

/// <summary>
/// Secrets in jobs and task templates: passwords of registries, and keys of stores. They are stored encrypted, in <c>tasks.run</c> and <c>task_templates.task</c> alone, and opened only for the agent
/// that is granted an instance, or for a job that refers to the template; everybody else sees a mask.
/// </summary>
/// <remarks>
/// Whom a secret is for is authenticated with it, the registry and the user, the kind of store and the id: whoever can write to the database cannot have it sent elsewhere.
/// </remarks>
public sealed class JobSecrets(InstallationKey key)
{
    private const string Sealed = "sealed:";

    /// <summary>The document with its secrets encrypted, as the rows of its tasks are made from it.</summary>
    public JobDocument Seal(JobDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return With(document, docker => Seal(docker.Password!, docker), one => Convert.ToBase64String(key.Encrypt(one.SecretKey ?? "", OwnerOf(one))));
    }

    /// <summary>The document with its secrets masked, as it is stored and shown.</summary>
    public static JobDocument Mask(JobDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return With(document, _ => DockerDocument.Mask, _ => DockerDocument.Mask);
    }

    /// <summary>
    /// What an agent gets of a stored task. A password of another installation key is lost, and its user with it; a key of a store is left out, and the attempt fails with that as its reason.
    /// </summary>
    public RunSpec Open(RunSpec run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.Files is { Authentications.Count: > 0 } files)
        {
            run = run with { Files = files with { Authentications = [.. files.Authentications.Select(one => one with { SecretKey = Open(one) })] } };
        }

        if (run.Docker is not { Password: { } password } docker)
        {
            return run;
        }

        var opened = Open(password, docker);
        return run with { Docker = docker with { User = opened is null ? null : docker.User, Password = opened } };
    }

    /// <summary>A template's task as it is stored; <paramref name="task"/> is JSON that was checked.</summary>
    public string SealTemplate(string task) => WithPasswords(task, Seal);

    /// <summary>A stored template's task, as a job takes it over. A password of another installation key is lost: the job's author is told that it is missing.</summary>
    public string OpenTemplate(string task) => WithPasswords(task, Open);

    /// <summary>A stored template's task, as it is shown.</summary>
    public static string MaskTemplate(string task) => WithPasswords(task, (_, _) => DockerDocument.Mask);

    private string Seal(string password, DockerDocument docker) => Sealed + Convert.ToBase64String(key.Encrypt(password, OwnerOf(docker)));

    // A grant has to go out whatever its password: without it the pull is refused, and its author reads why.
    private string? Open(string stored, DockerDocument docker)
    {
        try
        {
            return key.Decrypt(Convert.FromBase64String(stored[Sealed.Length..]), OwnerOf(docker));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private string? Open(AuthenticationDocument authentication)
    {
        try
        {
            return key.Decrypt(Convert.FromBase64String(authentication.SecretKey ?? ""), OwnerOf(authentication));
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException)
        {
            return null;
        }
    }

    private static string OwnerOf(AuthenticationDocument authentication) => $"authentication {authentication.Scene} {authentication.SecretId}";

    private static string OwnerOf(DockerDocument docker) => $"docker\n{docker.Server ?? docker.Image}\n{docker.User}";

    private static JobDocument With(JobDocument document, Func<DockerDocument, string> password, Func<AuthenticationDocument, string> key) =>
        document.Tasks.Any(task => task.Application.Docker?.Password is not null || task.Authentications.Count > 0)
            ? document with { Tasks = [.. document.Tasks.Select(task => With(task, password, key))] }
            : document;

    private static TaskDocument With(TaskDocument task, Func<DockerDocument, string> password, Func<AuthenticationDocument, string> key)
    {
        task = task.Application.Docker is { Password: not null } docker ? task with { Application = task.Application with { Docker = docker with { Password = password(docker) } } } : task;
        return task.Authentications.Count > 0 ? task with { Authentications = [.. task.Authentications.Select(one => one with { SecretKey = key(one) })] } : task;
    }

    // Members inside of the task are as their author spelt them.
    private static string WithPasswords(string task, Func<string, DockerDocument, string?> change)
    {
        var root = JsonNode.Parse(task);
        if (Find(Find(root, "application").Value, "docker").Value is not JsonObject docker || Find(docker, "password") is not { Value: JsonValue password } member)
        {
            return task;
        }

        var described = new DockerDocument { Image = TextOf(docker, "image") ?? "", User = TextOf(docker, "user"), Server = TextOf(docker, "server") };
        docker[member.Key] = change(password.GetValue<string>(), described);
        return root!.ToJsonString();
    }

    private static string? TextOf(JsonObject docker, string name) => (Find(docker, name).Value as JsonValue)?.GetValue<string>();

    private static KeyValuePair<string, JsonNode?> Find(JsonNode? parent, string name) => parent is JsonObject members
        ? members.FirstOrDefault(member => Spelling.Key(member.Key) == Spelling.Key(name))
        : default;
}
