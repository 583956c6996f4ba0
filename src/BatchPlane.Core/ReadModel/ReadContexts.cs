using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;

namespace BatchPlane.Core.ReadModel;

/// <summary>Makes contexts, each for one query and to be disposed by its user.</summary>
public sealed class ReadContexts(NpgsqlDataSource dataSource)
{
    private readonly PooledDbContextFactory<ReadContext> _factory = new(new DbContextOptionsBuilder<ReadContext>()
        .UseNpgsql(dataSource)
        .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
        .Options);

    internal ReadContext Open() => _factory.CreateDbContext();
}
