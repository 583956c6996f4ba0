using BatchPlane.LocalServices;

namespace BatchPlane.TestRunner;

/// <summary>Private servers in a temporary directory that goes away with them.</summary>
internal sealed class TemporaryServices : IAsyncDisposable
{
    private const string Prefix = "batchplane-tests-";
    private static readonly TimeSpan YoungestAbandoned = TimeSpan.FromMinutes(2);

    private readonly string _directory;
    private readonly LocalServices.LocalServices _services;

    private TemporaryServices(string directory, LocalServices.LocalServices services)
    {
        _directory = directory;
        _services = services;
    }

    internal ServiceAddresses Addresses => Describe(_services);

    internal static ServiceAddresses Describe(LocalServices.LocalServices services) =>
        new(services.Postgres.ConnectionString, services.Rabbit.AmqpUri.AbsoluteUri, services.Rabbit.ManagementUri.AbsoluteUri);

    internal static async Task<TemporaryServices> StartAsync(CancellationToken cancellationToken)
    {
        await RemoveAbandonedAsync(cancellationToken);
        var directory = Directory.CreateTempSubdirectory(Prefix).FullName;
        try
        {
            var options = new LocalServiceOptions { DataDirectory = directory };
            return new TemporaryServices(directory, await LocalServices.LocalServices.StartAsync(options, progress: null, cancellationToken));
        }
        catch
        {
            Directory.Delete(directory, recursive: true);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        try
        {
            Directory.Delete(_directory, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Another run took the stopped servers for abandoned and is removing them at this moment.
        }
    }

    /// <summary>Stops and removes what runs that were killed left behind.</summary>
    private static async Task RemoveAbandonedAsync(CancellationToken cancellationToken)
    {
        foreach (var directory in Directory.GetDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            if (TimeProvider.System.GetUtcNow() - Directory.GetLastWriteTimeUtc(directory) < YoungestAbandoned)
            {
                continue;
            }

            try
            {
                await LocalServices.LocalServices.StopAbandonedAsync(directory, cancellationToken);
                Directory.Delete(directory, recursive: true);
            }
            catch (Exception exception) when (exception is LocalServiceException or IOException or UnauthorizedAccessException)
            {
                // Its run is alive, or it belongs to another user.
            }
        }
    }
}
