using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Core.Database;
using BatchPlane.Core.Idempotency;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.TaskTemplates;

/// <summary>What became of making a template.</summary>
public abstract record CreateTemplateOutcome
{
    private CreateTemplateOutcome()
    {
    }

    /// <summary>Stored now, or by an earlier request with the same key and body.</summary>
    /// <param name="TemplateId">The template.</param>
    public sealed record Created(string TemplateId) : CreateTemplateOutcome;

    /// <summary>There is one of this name.</summary>
    public sealed record NameTaken : CreateTemplateOutcome;

    /// <summary>There are as many as the server allows.</summary>
    public sealed record Full : CreateTemplateOutcome;

    /// <summary>The key was used with another body.</summary>
    public sealed record KeyReused : CreateTemplateOutcome;
}

/// <summary>What became of changing a template.</summary>
public enum ChangeTemplateOutcome
{
    /// <summary>It is stored.</summary>
    Changed,

    /// <summary>There is no such template.</summary>
    NotFound,

    /// <summary>Another one has the new name.</summary>
    NameTaken,
}

/// <summary>The only class that runs TaskTemplates/Sql. Templates are found by id or by name; no name has the form of an id.</summary>
public sealed class TaskTemplateStore(NpgsqlDataSource dataSource, JobSecrets secrets)
{
    /// <summary>Stores a template that was read whole.</summary>
    public async Task<CreateTemplateOutcome> CreateAsync(TaskTemplateChange template, int maxTemplates, string createdBy, IdempotencyKey? key, CancellationToken cancellationToken)
    {
        var templateId = EntityId.New(EntityId.TaskTemplate);
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (key is not null
            && (await IdempotencyStore.TakeAsync(connection, [(key, templateId)], cancellationToken)).TryGetValue((key.Scope, key.Key), out var used))
        {
            return used.BodyHash.AsSpan().SequenceEqual(key.BodyHash)
                ? new CreateTemplateOutcome.Created(used.ResourceId)
                : new CreateTemplateOutcome.KeyReused();
        }

        await using (var insert = Command(connection, "TaskTemplates/Sql/task_template_insert.sql", template))
        {
            insert.Parameters.AddWithValue("template_id", templateId);
            insert.Parameters.AddWithValue("created_by", createdBy);
            insert.Parameters.AddWithValue("max_templates", maxTemplates);
            if (await insert.ExecuteScalarAsync(cancellationToken) is null)
            {
                return (await FindTasksAsync([template.Name!], cancellationToken)).Count > 0
                    ? new CreateTemplateOutcome.NameTaken()
                    : new CreateTemplateOutcome.Full();
            }
        }

        await transaction.CommitAsync(cancellationToken);
        return new CreateTemplateOutcome.Created(templateId);
    }

    /// <summary>Changes what is given.</summary>
    public async Task<ChangeTemplateOutcome> ChangeAsync(string reference, TaskTemplateChange change, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var update = Command(connection, "TaskTemplates/Sql/task_template_update.sql", change);
        update.Parameters.AddWithValue("reference", reference);
        try
        {
            return await update.ExecuteScalarAsync(cancellationToken) is null ? ChangeTemplateOutcome.NotFound : ChangeTemplateOutcome.Changed;
        }
        catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return ChangeTemplateOutcome.NameTaken;
        }
    }

    /// <summary>Removes a template; false when there is none.</summary>
    public async Task<bool> DeleteAsync(string reference, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("TaskTemplates/Sql/task_template_delete.sql"));
        command.Parameters.AddWithValue("reference", reference);
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    /// <summary>Removes all of these templates, or none when one does not exist: the ids of those. Empty: they are removed.</summary>
    public async Task<IReadOnlyList<string>> DeleteAllAsync(IReadOnlyCollection<string> templateIds, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var missing = templateIds.ToHashSet(StringComparer.Ordinal);
        await using (var command = new NpgsqlCommand(SqlText.Load("TaskTemplates/Sql/task_template_delete_all.sql"), connection))
        {
            command.Parameters.AddWithValue("template_ids", templateIds.ToArray());
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                missing.Remove(reader.GetString(0));
            }
        }

        if (missing.Count == 0)
        {
            await transaction.CommitAsync(cancellationToken);
        }

        return [.. missing.Order(StringComparer.Ordinal)];
    }

    /// <summary>The tasks of templates, by each of the ids and names that were asked for; those that do not exist are left out.</summary>
    public async Task<IReadOnlyDictionary<string, JsonElement>> FindTasksAsync(IReadOnlyCollection<string> references, CancellationToken cancellationToken)
    {
        var tasks = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (references.Count == 0)
        {
            return tasks;
        }

        await using var command = dataSource.CreateCommand(SqlText.Load("TaskTemplates/Sql/task_template_select.sql"));
        command.Parameters.AddWithValue("references", references.ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var task = JsonSerializer.Deserialize<JsonElement>(secrets.OpenTemplate(reader.GetString(2)));
            tasks[reader.GetString(0)] = task;
            tasks[reader.GetString(1)] = task;
        }

        return tasks;
    }

    private NpgsqlCommand Command(NpgsqlConnection connection, string path, TaskTemplateChange template)
    {
        var command = new NpgsqlCommand(SqlText.Load(path), connection);
        Add("template_name", template.Name);
        Add("template_description", template.Description);
        Add("task", template.Task is null ? null : secrets.SealTemplate(template.Task));
        Add("tencent", template.Tencent);
        Add("tags", template.Tags is null ? null : JsonSerializer.Serialize(template.Tags, BatchPlaneJson.Options));
        return command;

        void Add(string name, string? value) => command.Parameters.Add(new(name, NpgsqlDbType.Text) { Value = (object?)value ?? DBNull.Value });
    }
}
