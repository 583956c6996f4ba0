using System.Globalization;
using BatchPlane.Server.Loops;
using Microsoft.Extensions.DependencyInjection;

namespace BatchPlane.Server.Tests.Loops;

public sealed class InvariantKeeperTests(InvariantKeeperTests.EngineServer server) : IClassFixture<InvariantKeeperTests.EngineServer>
{
    private const string Metric = "batchplane_invariants_violations{invariant=\"journal_sequences\"}";

    [Fact]
    public async Task WhatIsWrongInTheDatabase_IsMeasured()
    {
        var keeper = server.Services.GetRequiredService<InvariantKeeper>();
        await keeper.CheckAsync(default);
        var before = await ValueAsync();
        await server.ExecuteAsync("""
            INSERT INTO environments (env_id, env_name, env_description, state, provider, is_default, desired_node_count, notifications, interest, tags, created_by, created_at, last_sequence)
            VALUES ('env-wrong000', 'wrong', '', 'CREATED', 'attached', false, 0, '[]', array[]::integer[], '[]', 'test', now(), 7)
            """);
        await keeper.CheckAsync(default);

        Assert.Equal(before + 1, await ValueAsync());
    }

    private async Task<int> ValueAsync() =>
        int.Parse(Assert.Single((await server.Client.GetStringAsync("/metrics")).Split('\n'), line => line.StartsWith(Metric, StringComparison.Ordinal))[Metric.Length..], CultureInfo.InvariantCulture);

    /// <summary>A server whose loops run.</summary>
    public sealed class EngineServer : ServerFixture
    {
        protected override ServerRoles Roles => ServerRoles.Api | ServerRoles.Engine;
    }
}
