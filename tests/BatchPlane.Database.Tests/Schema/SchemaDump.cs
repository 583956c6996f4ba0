using System.Globalization;
using System.Text;
using Npgsql;

namespace BatchPlane.Database.Tests.Schema;

/// <summary>
/// The schema of a database in words, from the catalogue: the same on every supported PostgreSQL, which the text of pg_dump is
/// not. Partitions of the journal are left out, since they depend on the day.
/// </summary>
internal static class SchemaDump
{
    internal const string Header = """
        -- The schema as all migrations leave it, for reading: no program runs this file. Written by SchemaTests, which compares it
        -- with a migrated database; after a new migration: BATCHPLANE_UPDATE_GOLDEN=1 ./dev test SchemaTests

        """;

    private const string Tables = """
        SELECT c.relname, obj_description(c.oid, 'pg_class'), array_to_string(c.reloptions, ', '),
            CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
            CASE WHEN c.relkind = 'v' THEN 'VIEW' ELSE 'TABLE' END
        FROM pg_class AS c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
        ORDER BY c.relname
        """;

    private const string Columns = """
        SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum)
        FROM pg_attribute AS a
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = @table::regclass AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum
        """;

    private const string Constraints = """
        SELECT conname, pg_get_constraintdef(oid)
        FROM pg_constraint
        WHERE conrelid = @table::regclass AND contype IN ('c', 'f', 'p', 'u', 'x')
        ORDER BY position(contype IN 'pufcx'), conname
        """;

    private const string Indexes = """
        SELECT pg_get_indexdef(i.indexrelid)
        FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = @table::regclass AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid)
        ORDER BY c.relname
        """;

    private const string Sequences = """
        SELECT s.relname, q.seqincrement, q.seqcache, obj_description(s.oid, 'pg_class')
        FROM pg_class AS s
        JOIN pg_sequence AS q ON q.seqrelid = s.oid
        WHERE s.relnamespace = 'public'::regnamespace
        ORDER BY s.relname
        """;

    private const string Functions = """
        SELECT pg_get_functiondef(oid), obj_description(oid, 'pg_proc')
        FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
        ORDER BY proname
        """;

    internal static async Task<string> OfAsync(NpgsqlDataSource dataSource)
    {
        await using var connection = await dataSource.OpenConnectionAsync();
        var text = new StringBuilder(Header);
        foreach (var table in await RowsAsync(connection, Tables))
        {
            await AppendTableAsync(connection, text, table);
        }

        foreach (var sequence in await RowsAsync(connection, Sequences))
        {
            AppendComment(text, "", sequence[3]);
            text.Append(CultureInfo.InvariantCulture, $"\nCREATE SEQUENCE {sequence[0]} INCREMENT BY {sequence[1]} CACHE {sequence[2]};\n");
        }

        foreach (var function in await RowsAsync(connection, Functions))
        {
            AppendComment(text, "", function[1]);
            text.Append(CultureInfo.InvariantCulture, $"\n{function[0]!.TrimEnd()};\n");
        }

        return text.ToString();
    }

    private static async Task AppendTableAsync(NpgsqlConnection connection, StringBuilder text, string?[] table)
    {
        AppendComment(text, "", table[1]);
        text.Append(CultureInfo.InvariantCulture, $"\nCREATE {table[4]} {table[0]} (");
        foreach (var column in await RowsAsync(connection, Columns, table[0]))
        {
            AppendComment(text, "    ", column[4]);
            text.Append(CultureInfo.InvariantCulture, $"\n    {column[0]} {column[1]}");
            text.Append(column[2] == "True" ? " NOT NULL" : "").Append(column[3] is { } value ? $" DEFAULT {value}" : "").Append(',');
        }

        foreach (var constraint in await RowsAsync(connection, Constraints, table[0]))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n    CONSTRAINT {constraint[0]} {constraint[1]},");
        }

        text.Length--;
        text.Append("\n)");
        text.Append(table[3] is { } key ? $" PARTITION BY {key}" : "").Append(table[2] is { } options ? $" WITH ({options})" : "").Append(";\n");
        foreach (var index in await RowsAsync(connection, Indexes, table[0]))
        {
            text.Append(CultureInfo.InvariantCulture, $"{index[0]};\n");
        }
    }

    private static void AppendComment(StringBuilder text, string indent, string? comment)
    {
        if (comment is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{indent}-- {comment}");
        }
        else if (indent.Length == 0)
        {
            text.Append('\n');
        }
    }

    private static async Task<List<string?[]>> RowsAsync(NpgsqlConnection connection, string sql, string? table = null)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        if (table is not null)
        {
            command.Parameters.AddWithValue("table", table);
        }

        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string?[]>();
        while (await reader.ReadAsync())
        {
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(column => reader.IsDBNull(column) ? null : Convert.ToString(reader.GetValue(column), CultureInfo.InvariantCulture))]);
        }

        return rows;
    }
}
