using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace BatchPlane.Server.Tests;

/// <summary>A whole server on a free loopback port with a database and a virtual host of its own; engine and dispatcher do not run.</summary>
public class ServerFixture : IAsyncLifetime
{
    /// <summary>Body limit of this server.</summary>
    public const int MaxBodyBytes = 65_536;

    private readonly string _data = Directory.CreateTempSubdirectory("batchplane-test-").FullName;
    private TestDatabase _database = null!;
    private TestVirtualHost _virtualHost = null!;
    private WebApplication _server = null!;

    /// <summary>A client with the bootstrap key.</summary>
    public HttpClient Client { get; private set; } = null!;

    /// <summary>A client without a key.</summary>
    public HttpClient Anonymous { get; private set; } = null!;

    /// <summary>Id of the default environment.</summary>
    public const string DefaultEnvId = "env-default0";

    /// <summary>Bootstrap key of this server.</summary>
    public BootstrapKey Key { get; } = new(AccessSecrets.NewBearerKey(), AccessSecrets.NewSecretId(), AccessSecrets.NewSecretKey());

    /// <summary>The database behind the server.</summary>
    public string ConnectionString => _database.ConnectionString;

    /// <summary>Services of the server.</summary>
    public IServiceProvider Services => _server.Services;

    /// <summary>What lets agents join.</summary>
    public const string JoinToken = "join-token-of-tests";

    /// <summary>Broker of the server.</summary>
    public Uri AmqpUri => _virtualHost.AmqpUri;

    /// <summary>Where servers find the broker.</summary>
    protected virtual Uri ServersBroker => AmqpUri;

    /// <summary>What the server does.</summary>
    protected virtual ServerRoles Roles => ServerRoles.Api;

    /// <summary>Where the Tencent façade listens; empty: it does not.</summary>
    protected virtual IReadOnlyList<string> TencentUrls => [];

    /// <summary>Settings of its listeners; null: none.</summary>
    protected virtual IConfiguration? Listeners => null;

    /// <summary>Options of the server besides; asked for once, before it starts.</summary>
    protected virtual Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync() => Task.FromResult<IReadOnlyList<KeyValuePair<string, string?>>>([]);

    public virtual async Task InitializeAsync()
    {
        _database = await TestServices.CreateDatabaseAsync();
        _virtualHost = await TestServices.CreateVirtualHostAsync();
        await StartServerAsync();
        await ExecuteAsync($"""
            INSERT INTO environments (env_id, env_name, env_description, state, provider, is_default, desired_node_count, notifications, interest, tags, created_by, created_at)
            VALUES ('{DefaultEnvId}', 'default', '', 'CREATED', 'attached', true, 0, '[]', array[]::integer[], '[]', 'test', now())
            """);
    }

    /// <summary>Stops the server and starts another on the same database, virtual host and data.</summary>
    public async Task RestartAsync()
    {
        await _server.DisposeAsync();
        Client.Dispose();
        Anonymous.Dispose();
        await StartServerAsync();
    }

    private async Task StartServerAsync()
    {
        _server = await StartAnotherAsync();
        Anonymous = new HttpClient { BaseAddress = new Uri(_server.Urls.Single()) };
        Client = new HttpClient { BaseAddress = Anonymous.BaseAddress };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key.BearerKey);
    }

    /// <summary>Starts a server like the first one on the same database, virtual host and data; the caller disposes of it.</summary>
    protected async Task<WebApplication> StartAnotherAsync()
    {
        var server = ServerHost.Build(new ServerSettings
        {
            Postgres = _database.ConnectionString,
            RabbitMq = ServersBroker,
            Urls = ["http://127.0.0.1:0"],
            TencentUrls = TencentUrls,
            DataDirectory = _data,
            BootstrapKey = Key,
            Roles = Roles,
            JoinToken = JoinToken,
            Listeners = Listeners,
            Options = new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("Api:MaxBodyBytes", (string?)$"{MaxBodyBytes}"), .. await OptionsAsync()]).Build(),
        });
        await server.StartAsync();
        return server;
    }

    public virtual async Task DisposeAsync()
    {
        Client.Dispose();
        Anonymous.Dispose();
        await _server.DisposeAsync();
        await _virtualHost.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    /// <summary>Runs one statement.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Number of rows of a table.</summary>
    public async Task<long> CountAsync(string table)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM {table}", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>POSTs JSON text, with an idempotency key when given.</summary>
    public async Task<HttpResponseMessage> PostAsync(string path, string json, string? idempotencyKey = null, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, contentType) };
        if (idempotencyKey is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", idempotencyKey);
        }

        return await Client.SendAsync(request);
    }

    /// <summary>The body, read as the client reads it.</summary>
    public static async Task<T> ReadAsync<T>(HttpResponseMessage response) =>
        JsonSerializer.Deserialize<T>(await response.Content.ReadAsStringAsync(), BatchPlaneJson.Options)!;

    /// <summary>GETs a body that has to be there.</summary>
    public async Task<T> GetAsync<T>(string path)
    {
        using var response = await Client.GetAsync(path);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await ReadAsync<T>(response);
    }

    /// <summary>The problem of a refusal, whose status and content type are checked as well.</summary>
    public static async Task<Problem> ProblemAsync(HttpResponseMessage response, int status, string code)
    {
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode}: {body}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonSerializer.Deserialize<Problem>(body, BatchPlaneJson.Options)!;
        Assert.Equal((status, code, $"urn:batchplane:problem:{code}"), (problem.Status, problem.Code, problem.Type));
        return problem;
    }
}
