using System.Diagnostics;

namespace BatchPlane.TestRunner;

/// <summary>Runs the test projects that are built and sums up.</summary>
internal static class TestRun
{
    // One more than processors of the machine that CI has: many tests wait for leases and restarts. More would only make them wait for each other's processor time.
    private const int AssembliesAtOnce = 3;
    private const string DefaultHangLimit = "5m";

    // Those that take longest begin first: else the last of them runs alone at the end.
    private static readonly string[] First = ["EndToEnd", "Database", "Server", "Bench", "Agent"];

    /// <summary>After how long without an ended test a run is given up; long proofs ask for more by the variable.</summary>
    private static readonly string HangLimit = Environment.GetEnvironmentVariable("BATCHPLANE_HANG_LIMIT") ?? DefaultHangLimit;

    // Said of every test project, whether or not something is wrong.
    private static readonly string[] Noise =
        ["VSTest version", "Data collector 'Blame' message: All tests finished", "No test is available in", "No test matches the given", "Results File:"];

    /// <returns>0 when at least one test ran and none failed, else 1.</returns>
    internal static async Task<int> RunAsync(string configuration, string? filter, CancellationToken cancellationToken)
    {
        var assemblies = FindAssemblies(configuration);
        await using var scratch = new ScratchDirectory();
        var exitCode = await RunWithServicesAsync(assemblies, filter, scratch, cancellationToken);
        var totals = TestTotals.Read(scratch.Results);
        if (exitCode != 0 && totals.Failed == 0)
        {
            await Console.Out.WriteLineAsync($"The test run ended with exit code {exitCode} although no test failed: see above.");
        }

        await Console.Out.WriteLineAsync(totals.ToString());
        return exitCode == 0 && totals.Failed == 0 && totals.Passed > 0 ? 0 : 1;
    }

    private static List<string> FindAssemblies(string configuration)
    {
        var tests = Path.Combine(Directory.GetCurrentDirectory(), "tests");
        var assemblies = Directory.GetFiles(tests, "*.Tests.csproj", SearchOption.AllDirectories)
            .OrderBy(Turn)
            .ThenBy(project => project, StringComparer.Ordinal)
            .Select(project => Path.Combine(
                Path.GetDirectoryName(project)!, "bin", configuration, "net10.0", Path.GetFileNameWithoutExtension(project) + ".dll"))
            .ToList();
        var missing = assemblies.Where(assembly => !File.Exists(assembly)).ToList();
        return missing.Count == 0
            ? assemblies
            : throw new InvalidOperationException($"Not built: {string.Join(", ", missing)}");
    }

    private static int Turn(string project)
    {
        var turn = Array.FindIndex(First, name => Path.GetFileName(project) == $"BatchPlane.{name}.Tests.csproj");
        return turn < 0 ? First.Length : turn;
    }

    private static async Task<int> RunWithServicesAsync(
        List<string> assemblies, string? filter, ScratchDirectory scratch, CancellationToken cancellationToken)
    {
        if (ServiceAddresses.FromEnvironment() is { } external)
        {
            return await RunTestsAsync(assemblies, filter, scratch, external, cancellationToken);
        }

        await using var services = await TemporaryServices.StartAsync(cancellationToken);
        return await RunTestsAsync(assemblies, filter, scratch, services.Addresses, cancellationToken);
    }

    private static async Task<int> RunTestsAsync(
        List<string> assemblies, string? filter, ScratchDirectory scratch, ServiceAddresses services, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            "test", .. assemblies,
            "--logger", "console;verbosity=minimal", "--logger", "trx", "--results-directory", scratch.Results,
            "--blame-hang-timeout", HangLimit, "--blame-hang-dump-type", "none",
            .. filter is null ? Array.Empty<string>() : ["--filter", filter],
            "--", $"RunConfiguration.MaxCpuCount={AssembliesAtOnce}",
        ]);
        start.Environment[ServiceAddresses.PostgresVariable] = services.Postgres;
        start.Environment[ServiceAddresses.RabbitVariable] = services.Rabbit;
        start.Environment[ServiceAddresses.RabbitManagementVariable] = services.RabbitManagement;
        start.Environment["TMPDIR"] = scratch.Temporary;
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;
        try
        {
            while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
            {
                if (!Noise.Any(noise => line.StartsWith(noise, StringComparison.Ordinal)))
                {
                    await Console.Out.WriteLineAsync(line);
                }
            }

            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
