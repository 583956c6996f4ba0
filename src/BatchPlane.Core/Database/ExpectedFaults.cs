using System.Net.Sockets;
using Npgsql;

namespace BatchPlane.Core.Database;

/// <summary>Database faults that pass: the transaction did nothing and may be tried again, or a loop may go on with its next pass.</summary>
public static class ExpectedFaults
{
    /// <summary>True for deadlocks, lock and serialization failures, lost or refused connections, a server starting or stopping.</summary>
    public static bool IsTransient(Exception exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.LockNotAvailable } => true,
        PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } => true,
        PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow } => true,
        NpgsqlException { IsTransient: true } => true,
        NpgsqlException { InnerException: IOException or SocketException or TimeoutException } => true,
        _ => false,
    };
}
