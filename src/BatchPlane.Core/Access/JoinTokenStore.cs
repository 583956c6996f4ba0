using System.Security.Cryptography;
using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Core.Access;

/// <summary>Tokens that let machines join one environment each: <c>join_tokens</c>. Only hashes are stored.</summary>
public sealed class JoinTokenStore(NpgsqlDataSource dataSource)
{
    /// <summary>Most tokens of an environment that are valid at the same time.</summary>
    public const int MaxValid = 100;

    /// <summary>A new token; null when the environment does not exist, is going, was made for a task, or has <see cref="MaxValid"/> valid ones.</summary>
    public async Task<CreateJoinTokenResponse?> CreateAsync(string envId, CreateJoinTokenRequest request, string createdBy, CancellationToken cancellationToken)
    {
        var (tokenId, token) = (EntityId.New(EntityId.JoinToken), AccessSecrets.NewJoinToken());
        await using var command = Command(
            "Access/Sql/join_token_insert.sql",
            ("token_id", tokenId),
            ("env_id", envId),
            ("token_hash", AccessSecrets.Hash(token)),
            ("description", request.Description),
            ("created_by", createdBy),
            ("ttl_seconds", (double)request.TtlSeconds),
            ("token_limit", MaxValid));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new(tokenId, token, envId, reader.GetFieldValue<DateTimeOffset>(0)) : null;
    }

    /// <summary>Valid tokens of an environment, the newest first; at most <see cref="MaxValid"/>.</summary>
    public async Task<IReadOnlyList<JoinTokenView>> ListAsync(string envId, CancellationToken cancellationToken)
    {
        await using var command = Command("Access/Sql/join_token_select.sql", ("env_id", envId));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tokens = new List<JoinTokenView>();
        while (await reader.ReadAsync(cancellationToken))
        {
            tokens.Add(new()
            {
                TokenId = reader.GetString(0),
                Description = reader.GetString(1),
                CreatedBy = reader.GetString(2),
                CreatedAt = reader.GetFieldValue<DateTimeOffset>(3),
                ExpiresAt = reader.GetFieldValue<DateTimeOffset>(4),
            });
        }

        return tokens;
    }

    /// <summary>Ends a token; nodes that joined by it stay. False when the environment has none of this id. Safe to repeat.</summary>
    public async Task<bool> RevokeAsync(string envId, string tokenId, CancellationToken cancellationToken)
    {
        await using var command = Command("Access/Sql/join_token_revoke.sql", ("env_id", envId), ("token_id", tokenId));
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    /// <summary>The one environment that a token lets machines join; null when it lets them join none (any more).</summary>
    public async Task<string?> FindEnvironmentAsync(string token, CancellationToken cancellationToken)
    {
        if (!token.StartsWith(AccessSecrets.JoinPrefix, StringComparison.Ordinal))
        {
            return null;
        }

        var hash = AccessSecrets.Hash(token);
        await using var command = Command("Access/Sql/join_token_select_env.sql", ("token_hash", hash));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);

        // The index compares as it likes; what decides is this comparison.
        return await reader.ReadAsync(cancellationToken) && CryptographicOperations.FixedTimeEquals(hash, reader.GetFieldValue<byte[]>(1)) ? reader.GetString(0) : null;
    }

    private NpgsqlCommand Command(string path, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = dataSource.CreateCommand(SqlText.Load(path));
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}
