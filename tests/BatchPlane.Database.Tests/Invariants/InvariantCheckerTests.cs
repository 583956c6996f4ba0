using BatchPlane.Core.Database;

namespace BatchPlane.Database.Tests.Invariants;

public sealed class InvariantCheckerTests : IAsyncLifetime
{
    private const string Name = "journal_sequences";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private Installation _installation = null!;

    public async Task InitializeAsync() => _installation = await Installation.CreateAsync();

    public async Task DisposeAsync() => await _installation.DisposeAsync();

    [Fact]
    public async Task SoundDatabase_HasNoViolation()
    {
        await _installation.AddEnvironmentAsync();

        foreach (var name in InvariantChecker.Names)
        {
            var result = await CheckAsync(name, Limit);
            Assert.Equal((true, 0), (result.IsChecked, result.Count));
        }
    }

    [Fact]
    public async Task ManyViolations_AreCountedAndSomeAreTold()
    {
        foreach (var name in new[] { "a", "b", "c" })
        {
            await _installation.AddEnvironmentAsync(name);
        }

        await _installation.ExecuteAsync("UPDATE environments SET last_sequence = last_sequence + 1");
        var result = await CheckAsync(Name, Limit);

        Assert.Equal((true, 3, 2), (result.IsChecked, result.Count, result.Violations.Count));
    }

    [Fact]
    public async Task LookThatTakesTooLong_OrThatAnotherServerDoes_IsNoResult()
    {
        await using (await _installation.HoldAsync("LOCK TABLE events"))
        {
            Assert.False((await CheckAsync(Name, TimeSpan.FromMilliseconds(50))).IsChecked);
        }

        await using (await _installation.HoldAsync("SELECT pg_advisory_xact_lock(7230019640553)"))
        {
            Assert.False((await CheckAsync(Name, Limit)).IsChecked);
        }

        Assert.True((await CheckAsync(Name, Limit)).IsChecked);
    }

    private Task<InvariantResult> CheckAsync(string name, TimeSpan limit) => new InvariantChecker(_installation.DataSource).CheckAsync(name, limit, 2, CancellationToken.None);
}
