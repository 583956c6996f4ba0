using System.Text.Json;

namespace BatchPlane.TestRunner;

/// <summary>Where the test run's servers are.</summary>
/// <param name="Postgres">Npgsql connection string of a superuser.</param>
/// <param name="Rabbit">AMQP address of an administrator.</param>
/// <param name="RabbitManagement">The management API's address with the same administrator.</param>
public sealed record ServiceAddresses(string Postgres, string Rabbit, string RabbitManagement)
{
    /// <summary>Environment variables that name the servers to test against instead of private ones.</summary>
    public const string PostgresVariable = "BATCHPLANE_TEST_POSTGRES";

    /// <inheritdoc cref="PostgresVariable"/>
    public const string RabbitVariable = "BATCHPLANE_TEST_RABBITMQ";

    /// <inheritdoc cref="PostgresVariable"/>
    public const string RabbitManagementVariable = "BATCHPLANE_TEST_RABBITMQ_MANAGEMENT";

    /// <summary>What the environment names, or null when it names none.</summary>
    /// <exception cref="InvalidOperationException">Only some of the three variables are set.</exception>
    public static ServiceAddresses? FromEnvironment()
    {
        var values = new[] { PostgresVariable, RabbitVariable, RabbitManagementVariable }
            .Select(Environment.GetEnvironmentVariable)
            .ToArray();
        return values switch
        {
            [{ Length: > 0 } postgres, { Length: > 0 } rabbit, { Length: > 0 } management] => new ServiceAddresses(postgres, rabbit, management),
            _ when values.All(string.IsNullOrEmpty) => null,
            _ => throw new InvalidOperationException(
                $"Set all of {PostgresVariable}, {RabbitVariable} and {RabbitManagementVariable}, or none of them to test against private servers."),
        };
    }

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static ServiceAddresses Parse(string line) => JsonSerializer.Deserialize<ServiceAddresses>(line)!;

    /// <summary>One line of JSON.</summary>
    public override string ToString() => JsonSerializer.Serialize(this);
}
