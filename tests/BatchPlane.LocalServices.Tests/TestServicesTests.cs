using BatchPlane.Testing;

namespace BatchPlane.LocalServices.Tests;

public sealed class TestServicesTests
{
    [Fact]
    public async Task DatabaseAndVirtualHost_AreEmptyAndGoneAfterwards()
    {
        string database;
        Uri virtualHost;
        await using (var first = await TestServices.CreateDatabaseAsync())
        await using (var second = await TestServices.CreateDatabaseAsync())
        await using (var broker = await TestServices.CreateVirtualHostAsync())
        {
            (database, virtualHost) = (first.ConnectionString, broker.AmqpUri);
            await LocalPostgresTests.ExecuteAsync(first.ConnectionString, "CREATE TABLE mine (id integer)");

            Assert.Equal(0L, await LocalPostgresTests.ExecuteAsync(second.ConnectionString, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"));
            await LocalRabbitTests.PublishAsync(broker.AmqpUri, "hello");
            Assert.Equal("hello", await LocalRabbitTests.GetAsync(broker.AmqpUri));
        }

        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => LocalPostgresTests.ExecuteAsync(database, "SELECT 1"));
        await Assert.ThrowsAsync<RabbitMQ.Client.Exceptions.OperationInterruptedException>(() => LocalRabbitTests.GetAsync(virtualHost));
    }
}
