using System.Diagnostics;
using BatchPlane.TestRunner;

namespace BatchPlane.LocalServices.Tests;

/// <summary>A process of its own that runs private servers, so that it can be killed without taking the test along.</summary>
internal sealed class OwnerProcess
{
    private readonly Process _process;
    private readonly ServiceAddresses _addresses;

    private OwnerProcess(Process process, ServiceAddresses addresses)
    {
        _process = process;
        _addresses = addresses;
    }

    public string Postgres => _addresses.Postgres;

    public Uri Rabbit => new(_addresses.Rabbit);

    public static async Task<OwnerProcess> StartAsync(string directory)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ServiceAddresses).Assembly.Location, "serve", directory])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync();
        Assert.NotNull(line);
        return new OwnerProcess(process, ServiceAddresses.Parse(line));
    }

    /// <summary>SIGKILL for this process alone: its servers stay behind.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
