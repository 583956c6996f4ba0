using BatchPlane.Server.Outputs;
using Npgsql;

namespace BatchPlane.Server.Health;

/// <summary>
/// <c>/health/live</c>: the process serves. <c>/health/ready</c>: it can do its work. PostgreSQL being away makes it
/// unready; RabbitMQ being away only degraded, since everything but delivery goes on and delivery catches up; so does a storage that takes no outputs, of which another server has no other.
/// </summary>
internal static class HealthEndpoints
{
    private static readonly TimeSpan DatabaseTimeout = TimeSpan.FromSeconds(2);

    internal static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", () => TypedResults.Ok(new Health("ok", null))).WithTags("health").WithSummary("The process serves");
        routes.MapGet("/health/ready", ReadyAsync).WithTags("health").WithSummary("The server can do its work")
            .Produces<Health>().Produces<Health>(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> ReadyAsync(NpgsqlDataSource dataSource, BrokerStatus broker, OutputStatus outputs, ServerSettings settings, CancellationToken cancellationToken)
    {
        var postgres = await CheckDatabaseAsync(dataSource, cancellationToken);
        var checks = new Dictionary<string, Check> { ["postgresql"] = postgres };
        if (settings.Roles.HasFlag(ServerRoles.Dispatcher))
        {
            checks["rabbitmq"] = broker.Reason is { } reason ? new Check("degraded", reason) : new Check("ok", null);
        }

        if (settings.Roles.HasFlag(ServerRoles.Api))
        {
            checks["output_storage"] = outputs.Reason is { } failure ? new Check("degraded", failure) : new Check("ok", null);
        }

        var status = checks.Values.Select(check => check.Status).Aggregate("ok", Worse);
        return TypedResults.Json(new Health(status, checks), statusCode: status == "unavailable" ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);
    }

    private static async Task<Check> CheckDatabaseAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(DatabaseTimeout);
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(timeout.Token);
            await using var command = new NpgsqlCommand(Core.Database.SqlText.Load("Database/Sql/database_ping.sql"), connection);
            await command.ExecuteScalarAsync(timeout.Token);
            return new Check("ok", null);
        }
        catch (Exception exception) when (exception is NpgsqlException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return new Check("unavailable", exception is OperationCanceledException ? $"no answer within {DatabaseTimeout.TotalSeconds} s" : exception.Message);
        }
    }

    private static string Worse(string left, string right) =>
        left == "unavailable" || right == "unavailable" ? "unavailable" : left == "degraded" || right == "degraded" ? "degraded" : "ok";

    /// <summary>State of the server.</summary>
    internal sealed record Health(string Status, IReadOnlyDictionary<string, Check>? Checks);

    /// <summary>State of one thing it needs.</summary>
    internal sealed record Check(string Status, string? Reason);
}
