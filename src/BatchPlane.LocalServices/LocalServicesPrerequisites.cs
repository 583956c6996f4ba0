using BatchPlane.LocalServices.Postgres;
using BatchPlane.LocalServices.Processes;
using BatchPlane.LocalServices.Rabbit;
using BatchPlane.LocalServices.Storage;

namespace BatchPlane.LocalServices;

/// <summary>Something this machine lacks for private servers.</summary>
/// <param name="What">What is missing, in a few words.</param>
/// <param name="InstallCommand">The command that installs it on Debian or Ubuntu, or what to do instead.</param>
public sealed record MissingPrerequisite(string What, string InstallCommand);

/// <summary>What a machine needs to run a private PostgreSQL and RabbitMQ.</summary>
public static class LocalServicesPrerequisites
{
    /// <summary>Everything that is missing; empty when private servers can be started.</summary>
    public static IReadOnlyList<MissingPrerequisite> Check()
    {
        if (!OperatingSystem.IsLinux())
        {
            return [new MissingPrerequisite("Linux", "docker compose up")];
        }

        var missing = new List<MissingPrerequisite>();
        if (PostgresPrograms.Find(forVersion: null) is null || ServiceAccount.Find(LocalPostgres.PackageAccount) is null)
        {
            missing.Add(new MissingPrerequisite("PostgreSQL 14 or newer", Install("postgresql")));
        }

        if (RabbitPrograms.Find() is null || ServiceAccount.Find(LocalRabbit.PackageAccount) is null)
        {
            missing.Add(new MissingPrerequisite("RabbitMQ 3.10 or newer", Install("rabbitmq-server")));
        }

        if (!File.Exists("/usr/bin/setsid") || !File.Exists("/usr/bin/setpriv"))
        {
            missing.Add(new MissingPrerequisite("setsid and setpriv", Install("util-linux")));
        }

        return missing;
    }

    /// <summary>
    /// Null when private servers can keep their data in this directory, else why not and what to do: servers started by root run
    /// under their packages' accounts, which cannot pass through directories closed to others, such as <c>/root</c>.
    /// </summary>
    public static string? ExplainUnreachable(string dataDirectory) => DataDirectories.ExplainUnreachable(dataDirectory);

    /// <exception cref="LocalServiceException">Something is missing.</exception>
    internal static void Require()
    {
        if (Check() is { Count: > 0 } missing)
        {
            var list = string.Join('\n', missing.Select(item => $"  {item.What}: {item.InstallCommand}"));
            throw new LocalServiceException($"Private servers need what this machine does not have:\n{list}");
        }
    }

    private static string Install(string package) =>
        $"{(Environment.IsPrivilegedProcess ? "" : "sudo ")}apt-get install --no-install-recommends {package}";
}
