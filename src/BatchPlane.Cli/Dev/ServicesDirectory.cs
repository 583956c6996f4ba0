using System.Security.Cryptography;
using BatchPlane.LocalServices;

namespace BatchPlane.Cli.Dev;

/// <summary>
/// Where the private PostgreSQL and RabbitMQ keep their data: <c>DIR/services</c>. PostgreSQL refuses to run as root, so under
/// root both run as their packages' users, which must be able to reach that directory. Below a closed one, such as
/// <c>/root</c>, <c>services</c> is a link to a directory of its own under <c>/var/tmp</c>.
/// </summary>
internal static class ServicesDirectory
{
    private const string Elsewhere = "/var/tmp";
    private const int NameLength = 16;

    private const UnixFileMode OthersMayPass =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The directory to hand to the services; made when it is not there.</summary>
    internal static string Prepare(string directory, IProgress<string> say)
    {
        var path = Path.Combine(directory, "services");
        if (new FileInfo(path).LinkTarget is { } target)
        {
            if (Directory.Exists(target))
            {
                return target;
            }

            // /var/tmp may be emptied by the system; the data is gone then and the stack begins anew.
            say.Report($"{target} is gone; PostgreSQL and RabbitMQ start empty");
            File.Delete(path);
        }

        if (LocalServicesPrerequisites.ExplainUnreachable(path) is null)
        {
            Directory.CreateDirectory(path);
            return path;
        }

        // The name cannot be foreseen: nobody else can have made the directory before.
        var elsewhere = Path.Combine(Elsewhere, "batchplane-" + RandomNumberGenerator.GetHexString(NameLength, lowercase: true));
        Directory.CreateDirectory(elsewhere, OthersMayPass);
        File.CreateSymbolicLink(path, elsewhere);
        say.Report($"the users postgres and rabbitmq cannot reach {directory}: their data goes to {elsewhere}");
        return elsewhere;
    }
}
