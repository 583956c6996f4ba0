using System.Reflection;
using System.Reflection.Emit;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Testing;
using Microsoft.Extensions.Configuration;

namespace BatchPlane.Server.Tests.Listeners;

/// <summary>A server with the sample listener, beside plug-ins that are bad in every way, and without patience.</summary>
public sealed class ListenerServer : ServerFixture
{
    /// <summary>One instance in so many, where a job is sampled.</summary>
    internal const int SampleEvery = 10;

    private readonly string _directory = Directory.CreateTempSubdirectory("batchplane-listeners-").FullName;

    /// <summary>What the sample writes.</summary>
    internal string Lines => Path.Combine(_directory, "events.jsonl");

    /// <summary>Once there is such a file, the listener that throws does not any more, and writes into it.</summary>
    internal string Mercy => Path.Combine(_directory, "mercy");

    protected override ServerRoles Roles => ServerRoles.Api | ServerRoles.Listeners;

    protected override IConfiguration Listeners => new ConfigurationBuilder().AddInMemoryCollection(
    [
        new("json_lines:path", Lines),
        new("throwing:file", Mercy),
    ]).Build();

    protected override Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync()
    {
        var plugIns = Path.Combine(_directory, "plug-ins");
        if (!Directory.Exists(plugIns))
        {
            PlugIns.Install(PlugIns.JsonLines, plugIns, "json-lines");
            PlugIns.Install(PlugIns.BadListeners, plugIns, "bad-listeners");
            Directory.CreateDirectory(Path.Combine(plugIns, "empty"));
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(plugIns, "torn")).FullName, "torn.dll"), "MZ");
            SaveAgainstOtherContracts(Path.Combine(Directory.CreateDirectory(Path.Combine(plugIns, "from-the-future")).FullName, "from-the-future.dll"));
        }

        return Task.FromResult<IReadOnlyList<KeyValuePair<string, string?>>>(
        [
            new("Listeners:Directory", plugIns),
            new("Listeners:StartAt", "Oldest"),
            new("Listeners:SampleEvery", $"{SampleEvery}"),
            new("Listeners:BatchEvents", "7"),
            new("Listeners:ReadRows", "3"),
            new("Listeners:LookInterval", "00:00:00.020"),
            new("Listeners:CallTimeout", "00:00:02"),
            new("Listeners:CancelGrace", "00:00:00.200"),
            new("Listeners:RetryMin", "00:00:00.010"),
            new("Listeners:RetryMax", "00:00:00.100"),
            new("Listeners:LeaseDuration", "00:00:01"),
        ]);
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Another server with the same listeners; the caller disposes of it.</summary>
    internal async Task<IAsyncDisposable> StartSecondAsync() => await StartAnotherAsync();

    /// <summary>What the sample has written so far.</summary>
    internal async Task<List<JsonElement>> LinesAsync()
    {
        if (!File.Exists(Lines))
        {
            return [];
        }

        await using var file = new FileStream(Lines, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        var text = await reader.ReadToEndAsync();
        return [.. text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>Ids of the events of a job or environment that it has written, as they come.</summary>
    internal async Task<List<string>> IdsAsync(string subjectId) =>
        [.. (await LinesAsync()).Where(line => line.TryGetProperty("event", out _)).Select(line => line.GetProperty("event").GetProperty("event_id").GetString()!).Where(id => id.StartsWith($"{subjectId}:", StringComparison.Ordinal))];

    /// <summary>All listeners by name.</summary>
    internal async Task<Dictionary<string, ListenerView>> StatesAsync() =>
        (await GetAsync<Page<ListenerView>>("/v1/listeners")).Items.ToDictionary(view => view.ListenerName);

    /// <summary>Appends a row of instances to the journal.</summary>
    internal Task AppendAsync(string subjectId, int span, string state = "RUNNING", string? cause = null, int first = 0, int attempt = 1) => ExecuteAsync($"""
        INSERT INTO events (order_txid, shard, subject_id, sequence, span, level, state, task_no, instance_index, attempt, cause, source, launched_at, running_at, occurred_at, notify)
        SELECT pg_current_xact_id(), 0, '{subjectId}', coalesce((SELECT max(sequence + span) FROM events WHERE subject_id = '{subjectId}'), 1), {span}, 'task_instance', '{state}', 0, {first}, {attempt},
            {(cause is null ? "NULL" : $"'{cause}'")}, 'agent', now(), now(), now(), 0
        """);

    /// <summary>Stores a job with this tracing.</summary>
    internal Task AddJobAsync(string jobId, string tracing) => ExecuteAsync($$"""
        INSERT INTO jobs (job_id, job_name, job_description, priority, state, document, notifications, interest, tags, submitted_by, tracing, created_at)
        VALUES ('{{jobId}}', 'demo', '', 1, 'RUNNING', '{}', '[]', '{}', '[]', 'test', '{{tracing}}', now())
        """);

    /// <summary>An assembly that refers to contracts of another version, as a plug-in does that was built later.</summary>
    private static void SaveAgainstOtherContracts(string path)
    {
        var contracts = new PersistedAssemblyBuilder(new AssemblyName("BatchPlane.Contracts") { Version = new(9, 0, 0, 0) }, typeof(object).Assembly);
        var contract = contracts.DefineDynamicModule("contracts").DefineType("BatchPlane.Contracts.IEventListener", TypeAttributes.Public | TypeAttributes.Interface | TypeAttributes.Abstract).CreateType();
        var plugIn = new PersistedAssemblyBuilder(new AssemblyName("from-the-future"), typeof(object).Assembly);
        plugIn.DefineDynamicModule("plug-in").DefineType("Listener", TypeAttributes.Public | TypeAttributes.Interface | TypeAttributes.Abstract, null, [contract]).CreateType();
        plugIn.Save(path);
    }
}
