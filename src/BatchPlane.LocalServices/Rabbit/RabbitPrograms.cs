namespace BatchPlane.LocalServices.Rabbit;

/// <summary>Where the broker and Erlang's name server are.</summary>
/// <param name="Server">
/// The broker's own start script; the one that Debian puts into <c>/usr/sbin</c> insists on the system-wide folders.
/// </param>
/// <param name="NameServer">Erlang's <c>epmd</c>.</param>
internal sealed record RabbitPrograms(string Server, string NameServer)
{
    private static readonly string[] Servers =
        ["/usr/lib/rabbitmq/bin/rabbitmq-server", "/opt/rabbitmq/sbin/rabbitmq-server", "/usr/local/sbin/rabbitmq-server"];

    private static readonly string[] NameServers =
        ["/usr/bin/epmd", "/usr/local/bin/epmd", "/opt/erlang/bin/epmd"];

    internal static RabbitPrograms? Find() =>
        Servers.FirstOrDefault(File.Exists) is { } server && NameServers.FirstOrDefault(File.Exists) is { } nameServer
            ? new RabbitPrograms(server, nameServer)
            : null;
}
