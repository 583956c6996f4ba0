using System.ComponentModel.DataAnnotations;

namespace BatchPlane.LocalServices;

/// <summary>Where a private PostgreSQL and RabbitMQ live and how they behave.</summary>
public sealed class LocalServiceOptions
{
    /// <summary>
    /// Directory that holds everything the servers keep: data, ports, passwords, logs. Created when missing. Starting on the
    /// same directory again continues with the same data. When running as root, the accounts <c>postgres</c> and
    /// <c>rabbitmq</c> must be able to reach it, which rules out anything below <c>/root</c>.
    /// </summary>
    public required string DataDirectory { get; set; }

    /// <summary>TCP port of PostgreSQL on 127.0.0.1. Null (the default): a free one, kept for the next start.</summary>
    [Range(1, 65535)]
    public int? PostgresPort { get; set; }

    /// <summary>TCP port of AMQP on 127.0.0.1. Null (the default): a free one, kept for the next start.</summary>
    [Range(1, 65535)]
    public int? AmqpPort { get; set; }

    /// <summary>
    /// True (the default): PostgreSQL survives <c>kill -9</c> and power loss. False turns off its fsync and full page
    /// writes; only for tests that throw the data away.
    /// </summary>
    public bool Durable { get; set; } = true;
}
