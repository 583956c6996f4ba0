using BatchPlane.LocalServices;

namespace BatchPlane.Testing;

/// <summary>An empty virtual host of the broker for one test or test class.</summary>
public sealed class TestVirtualHost : IAsyncDisposable
{
    private readonly RabbitManagement _management;

    private TestVirtualHost(RabbitManagement management, string name, Uri amqpUri)
    {
        _management = management;
        Name = name;
        AmqpUri = amqpUri;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary><c>amqp://user:password@host:port/name</c>; everything is allowed in it.</summary>
    public Uri AmqpUri { get; }

    internal static async Task<TestVirtualHost> CreateAsync(Uri broker, Uri management)
    {
        var name = $"test-{Guid.NewGuid():N}";
        var client = new RabbitManagement(management);
        try
        {
            await client.CreateVirtualHostAsync(name);
        }
        catch
        {
            client.Dispose();
            throw;
        }

        return new TestVirtualHost(client, name, new UriBuilder(broker) { Path = name }.Uri);
    }

    /// <summary>Deletes it with all of its exchanges, queues and connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await _management.DeleteVirtualHostAsync(Name);
        _management.Dispose();
    }
}
