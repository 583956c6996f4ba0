using System.Text.RegularExpressions;
using BatchPlane.Core.Database;
using BatchPlane.Core.ReadModel;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace BatchPlane.Database.Tests.Schema;

/// <summary>Every embedded statement against the migrated schema: what PostgreSQL cannot prepare would fail in production only when it is needed.</summary>
public sealed partial class StatementTests(StatementTests.MigratedDatabase database) : IClassFixture<StatementTests.MigratedDatabase>
{
    /// <summary>Statements PostgreSQL does not prepare. They may be repeated, so they are run.</summary>
    private static readonly string[] Definitions = ["Database/Sql/schema_migrations_create.sql", "Database/Sql/commit.sql"];

    public static TheoryData<string> Statements => [.. SqlText.Paths.Where(path => !path.StartsWith("Database/Migrations/", StringComparison.Ordinal))];

    public static TheoryData<string> Rows => [.. ReadTypes().Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task EmbeddedStatement_IsPreparedByPostgres(string path)
    {
        var text = SqlText.Load(path);

        var exception = await Record.ExceptionAsync(() => Definitions.Contains(path) ? database.ExecuteAsync(text) : PrepareAsync(text));

        Assert.True(exception is null, $"{path}: {exception?.Message}");
    }

    [Theory]
    [MemberData(nameof(Statements))]
    public void EmbeddedStatement_SaysWhatItDoesAndForWhom(string path)
    {
        var header = string.Concat(SqlText.Load(path).Split('\n').TakeWhile(line => line.StartsWith("-- ", StringComparison.Ordinal)));

        Assert.True(header.Length > 0, $"{path} must begin with a comment: what it does, who calls it, what rows come back, what it locks.");
        Assert.True(header.Contains("Caller", StringComparison.Ordinal), $"{path}: the comment at the top must name the caller: 'Caller: JobStore.'");
    }

    [Theory]
    [MemberData(nameof(Statements))]
    public void EmbeddedStatement_CastsEveryParameter(string path)
    {
        var bare = Parameter().Matches(WithoutComments(SqlText.Load(path))).Where(match => !match.Groups["cast"].Success).Select(match => match.Value);

        Assert.True(!bare.Any(), $"{path}: parameters need a cast, as in @job_id::text: {string.Join(", ", bare)}");
    }

    [Fact]
    public async Task MisspeltColumn_IsFound()
    {
        var exception = await Assert.ThrowsAsync<PostgresException>(() => PrepareAsync("SELECT jb_id FROM jobs WHERE job_id = @job_id::text"));

        Assert.Equal(PostgresErrorCodes.UndefinedColumn, exception.SqlState);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task ReadModel_MatchesTheSchema(string row)
    {
        await using var context = Context();
        var type = ReadTypes().Single(type => type.Name == row);
        var read = typeof(StatementTests).GetMethod(nameof(ReadAsync), System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)!;

        var exception = await Record.ExceptionAsync(() => (Task)read.MakeGenericMethod(type).Invoke(null, [context])!);

        Assert.True(exception is null, $"{row}: {exception?.Message}");
    }

    private static async Task ReadAsync<T>(ReadContext context)
        where T : class => await context.Set<T>().AsNoTracking().Take(1).ToListAsync();

    private static List<Type> ReadTypes()
    {
        using var context = new ReadContext(new DbContextOptionsBuilder<ReadContext>().UseNpgsql().Options);
        return [.. context.Model.GetEntityTypes().Select(type => type.ClrType)];
    }

    private ReadContext Context() => new(new DbContextOptionsBuilder<ReadContext>().UseNpgsql(database.DataSource).Options);

    /// <summary>Numbers the parameters and lets PostgreSQL prepare the statement; their types come from the casts.</summary>
    private async Task PrepareAsync(string text)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var numbered = Parameter().Replace(WithoutComments(text), match =>
        {
            var name = match.Groups["name"].Value;
            numbers.TryAdd(name, numbers.Count + 1);
            return $"${numbers[name]}{match.Groups["cast"].Value}";
        });
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using (var prepare = new NpgsqlCommand($"PREPARE statement AS {numbered}", connection))
        {
            await prepare.ExecuteNonQueryAsync();
        }

        await using var deallocate = new NpgsqlCommand("DEALLOCATE statement", connection);
        await deallocate.ExecuteNonQueryAsync();
    }

    private static string WithoutComments(string text) =>
        string.Join('\n', text.Split('\n').Where(line => !line.TrimStart().StartsWith("--", StringComparison.Ordinal)));

    [GeneratedRegex(@"(?<![@<\w])@(?<name>[a-z_]+)(?<cast>::[a-z0-9]+)?")]
    private static partial Regex Parameter();

    public sealed class MigratedDatabase : IAsyncLifetime
    {
        private Installation _installation = null!;

        internal NpgsqlDataSource DataSource => _installation.DataSource;

        public async Task InitializeAsync() => _installation = await Installation.CreateAsync();

        public async Task DisposeAsync() => await _installation.DisposeAsync();

        internal Task ExecuteAsync(string sql) => _installation.ExecuteAsync(sql);
    }
}
