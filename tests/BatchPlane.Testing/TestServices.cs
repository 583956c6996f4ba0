using System.Diagnostics;
using BatchPlane.LocalServices;
using BatchPlane.TestRunner;
using Npgsql;

namespace BatchPlane.Testing;

/// <summary>
/// The PostgreSQL and RabbitMQ that tests use, shared by all of a test process: those named in the environment (as <c>./dev test</c>
/// does for all test projects at once), else private ones that end with this process, however it ends.
/// </summary>
public static class TestServices
{
    private static readonly Lazy<Task<ServiceAddresses>> Shared = new(
        () => ServiceAddresses.FromEnvironment() is { } named ? Task.FromResult(named) : StartPrivateAsync());

    // Never closed: its end, with that of this process, is what stops the servers.
    private static Process? _host;

    /// <summary>A new empty database of its own, dropped when disposed.</summary>
    public static async Task<TestDatabase> CreateDatabaseAsync()
    {
        var addresses = await Shared.Value;
        return await TestDatabase.CreateAsync(PostgresAddress(addresses.Postgres));
    }

    /// <summary>A new empty virtual host of its own, deleted with everything in it when disposed.</summary>
    public static async Task<TestVirtualHost> CreateVirtualHostAsync()
    {
        var addresses = await Shared.Value;
        return await TestVirtualHost.CreateAsync(new Uri(addresses.Rabbit), new Uri(addresses.RabbitManagement));
    }

    /// <summary>Both spellings are accepted: <c>Host=…;Port=…</c> and <c>postgres://user:password@host:port/database</c>.</summary>
    internal static NpgsqlConnectionStringBuilder PostgresAddress(string address)
    {
        if (!address.StartsWith("postgres://", StringComparison.Ordinal) && !address.StartsWith("postgresql://", StringComparison.Ordinal))
        {
            return new NpgsqlConnectionStringBuilder(address);
        }

        var url = new Uri(address);
        var user = url.UserInfo.Split(':', 2).Select(Uri.UnescapeDataString).ToArray();
        return new NpgsqlConnectionStringBuilder
        {
            Host = url.Host,
            Port = url.Port > 0 ? url.Port : NpgsqlConnection.DefaultPort,
            Username = user[0],
            Password = user.ElementAtOrDefault(1),
            Database = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/')),
        };
    }

    private static async Task<ServiceAddresses> StartPrivateAsync()
    {
        _host = Process.Start(new ProcessStartInfo("dotnet", [typeof(ServiceAddresses).Assembly.Location, "serve"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        return await _host.StandardOutput.ReadLineAsync() is { } line
            ? ServiceAddresses.Parse(line)
            : throw new LocalServiceException(await _host.StandardError.ReadToEndAsync());
    }
}
