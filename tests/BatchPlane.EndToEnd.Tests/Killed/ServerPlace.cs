using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BatchPlane.Cli.Dev;
using BatchPlane.Contracts;
using BatchPlane.EndToEnd.Tests.Stack;
using BatchPlane.Testing;
using Npgsql;

namespace BatchPlane.EndToEnd.Tests.Killed;

/// <summary>A database, a virtual host and a directory in which one server after the other runs, each a real process with the roles that the test gives it.</summary>
internal sealed partial class ServerPlace : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TestDatabase _database;
    private readonly TestVirtualHost _virtualHost;
    private readonly NpgsqlDataSource _dataSource;
    private readonly HttpClient _http = new();
    private BatchPlaneProcess? _server;

    private ServerPlace(TestDatabase database, TestVirtualHost virtualHost)
    {
        (_database, _virtualHost) = (database, virtualHost);
        _dataSource = NpgsqlDataSource.Create(database.ConnectionString);
    }

    /// <summary>Below it are the server's files and whatever the test puts there.</summary>
    internal string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("batchplane-killed-").FullName;

    internal string AmqpUrl => _virtualHost.AmqpUri.ToString();

    internal string Output => _server?.Output ?? "";

    private Uri Url { get; set; } = new("http://127.0.0.1");

    internal static async Task<ServerPlace> CreateAsync() => new(await TestServices.CreateDatabaseAsync(), await TestServices.CreateVirtualHostAsync());

    /// <summary>Starts a server and waits until it answers.</summary>
    internal async Task StartAsync(string roles, params (string Name, string Value)[] variables)
    {
        var all = variables.ToDictionary(variable => $"BATCHPLANE_{variable.Name}", variable => variable.Value);
        all["BATCHPLANE_POSTGRES"] = _database.ConnectionString;
        all["BATCHPLANE_RABBITMQ"] = AmqpUrl;
        all["BATCHPLANE_OPTIONS__DISPATCH__LEASEDURATION"] = "00:00:02";
        all["BATCHPLANE_OPTIONS__DISPATCH__STOPTIMEOUT"] = "00:00:01";
        all["BATCHPLANE_OPTIONS__DISPATCH__LEASERENEWAL"] = "00:00:00.500";
        _server = BatchPlaneProcess.StartWith(all, Directory, "server", "--http", "http://127.0.0.1:0", "--tencent", "none", "--data", "server", "--no-auth", "--roles", roles);
        var url = "";
        await Eventually.TrueAsync(
            () => (url = Address().Match(Output).Value).Length > 0 || _server.HasEnded,
            Limit,
            () => Output);
        Assert.False(_server.HasEnded, Output);
        Url = new(url);
    }

    /// <summary>As by a loss of power: nothing that the server does at its end is done.</summary>
    internal async Task KillAsync()
    {
        Posix.Signal(_server!.Pid, Posix.SigKill);
        await _server.ExitCodeAsync(Limit);
        _server.Dispose();
        _server = null;
    }

    internal async Task<T> GetAsync<T>(string path) => (await _http.GetFromJsonAsync<T>(new Uri(Url, path), BatchPlaneJson.Options))!;

    /// <summary>Sends JSON; the answer must be a success.</summary>
    internal async Task<JsonElement> SendAsync(HttpMethod method, string path, string json)
    {
        using var request = new HttpRequestMessage(method, new Uri(Url, path)) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        using var response = await _http.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        return JsonDocument.Parse(body).RootElement;
    }

    internal async Task ExecuteAsync(string sql)
    {
        await using var command = _dataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await KillAsync();
        }

        _http.Dispose();
        await _dataSource.DisposeAsync();
        await _virtualHost.DisposeAsync();
        await _database.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:[1-9][0-9]*")]
    private static partial Regex Address();
}
