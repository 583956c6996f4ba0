using BatchPlane.LocalServices;

namespace BatchPlane.TestRunner;

/// <summary>
/// Holds private servers for another process, which sees their addresses as one line on its pipe and ends them by closing the other
/// one: also by dying, in whatever way.
/// </summary>
internal static class ServiceHost
{
    internal static async Task<int> ServeTemporaryAsync(CancellationToken cancellationToken)
    {
        await using var services = await TemporaryServices.StartAsync(cancellationToken);
        await ServeUntilInputEndsAsync(services.Addresses, cancellationToken);
        return 0;
    }

    internal static async Task<int> ServeAsync(string directory, CancellationToken cancellationToken)
    {
        var options = new LocalServiceOptions { DataDirectory = directory };
        await using var services = await LocalServices.LocalServices.StartAsync(options, progress: null, cancellationToken);
        await ServeUntilInputEndsAsync(TemporaryServices.Describe(services), cancellationToken);
        return 0;
    }

    private static async Task ServeUntilInputEndsAsync(ServiceAddresses addresses, CancellationToken cancellationToken)
    {
        await Console.Out.WriteLineAsync(addresses.ToString());
        // Reading the console cannot be cancelled, so the wait for it can.
        var input = Task.Run(() => Console.In.ReadToEndAsync(CancellationToken.None), CancellationToken.None);
        await ((Task)input.WaitAsync(cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
