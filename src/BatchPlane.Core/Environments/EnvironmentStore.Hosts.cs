namespace BatchPlane.Core.Environments;

/// <summary>Hosts whose servers make nodes there.</summary>
public sealed partial class EnvironmentStore
{
    /// <summary>Notes that the host has a server; answers with the hosts that have nodes and have had none for long.</summary>
    /// <param name="hostId">The host.</param>
    /// <param name="gap">Time without a beat after which the host has to beat anew for as long as <paramref name="lostAfter"/> before it judges others.</param>
    /// <param name="lostAfter">Time without a server after which a host is lost.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlySet<string>> BeatHostAsync(string hostId, TimeSpan gap, TimeSpan lostAfter, CancellationToken cancellationToken)
    {
        await using (var connection = await dataSource.OpenConnectionAsync(cancellationToken))
        {
            await using var beat = Command(connection, "Environments/Sql/host_beat.sql", ("host_id", hostId), ("gap_seconds", gap.TotalSeconds));
            await beat.ExecuteNonQueryAsync(cancellationToken);
        }

        return (await IdsAsync("Environments/Sql/host_select_lost.sql", cancellationToken, ("host_id", hostId), ("lost_seconds", lostAfter.TotalSeconds))).ToHashSet(StringComparer.Ordinal);
    }
}
