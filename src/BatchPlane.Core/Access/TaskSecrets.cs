using System.Security.Cryptography;
using BatchPlane.Contracts;

namespace BatchPlane.Core.Access;

/// <summary>
/// Secrets inside tasks: encrypted under the installation key from the moment a job is taken until its attempts are granted to a node. The database
/// never has them readable, and nothing but a grant gives them away.
/// </summary>
public sealed class TaskSecrets(InstallationKey key)
{
    private const string Hidden = "(hidden)";

    /// <summary>The job with its secrets encrypted, as it is stored.</summary>
    public JobDocument Seal(JobDocument job) =>
        With(job, authentication => authentication with { SecretKey = Convert.ToBase64String(key.Encrypt(authentication.SecretKey ?? "", Owner(authentication))) });

    /// <summary>The job without its secrets, as it is shown.</summary>
    public static JobDocument Hide(JobDocument job) => With(job, authentication => authentication with { SecretKey = Hidden });

    /// <summary>Grants with their secrets readable, for the agent that gets them. What cannot be decrypted is left out: the attempt fails with that as its reason.</summary>
    public IReadOnlyList<ClaimGrant> Open(IReadOnlyList<ClaimGrant> grants) => grants.Any(HasSecrets) ? [.. grants.Select(Open)] : grants;

    private static bool HasSecrets(ClaimGrant grant) => grant.Run.Files is { Authentications.Count: > 0 };

    private static JobDocument With(JobDocument job, Func<AuthenticationDocument, AuthenticationDocument> change) =>
        job.Tasks.Any(task => task.Authentications.Count > 0)
            ? job with { Tasks = [.. job.Tasks.Select(task => task with { Authentications = [.. task.Authentications.Select(change)] })] }
            : job;

    private ClaimGrant Open(ClaimGrant grant) => HasSecrets(grant)
        ? grant with { Run = grant.Run with { Files = grant.Run.Files! with { Authentications = [.. grant.Run.Files.Authentications.Select(Open)] } } }
        : grant;

    private AuthenticationDocument Open(AuthenticationDocument authentication)
    {
        try
        {
            return authentication with { SecretKey = key.Decrypt(Convert.FromBase64String(authentication.SecretKey ?? ""), Owner(authentication)) };
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException)
        {
            // The installation has another key than when the job was submitted.
            return authentication with { SecretKey = null };
        }
    }

    private static string Owner(AuthenticationDocument authentication) => $"authentication {authentication.Scene} {authentication.SecretId}";
}
