using System.Collections.Concurrent;
using System.Text.Json;
using BatchPlane.Server.Api;
using BatchPlane.Server.Tencent;
using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Fields;
using BatchPlane.Server.Tencent.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>What the façade answers and logs when something goes wrong.</summary>
public sealed class TencentFacadeTests(TencentFixture server) : IClassFixture<TencentFixture>
{
    private const string Secret = "geheim-5f2c91";

    /// <summary>Parts of an answer may be made only when it is written: what they throw is answered like what the action throws.</summary>
    [Fact]
    public async Task AnswerThatCannotBeMade_IsAnErrorOfTheServer()
    {
        var logs = new Captured();
        var facade = FacadeOf(logs, new TencentOptions(), call => Task.FromResult(new ActionAnswer(new { Items = Enumerable.Range(0, 2).Select(number => 1 / (number - 1)) })));

        var answer = await SendAsync(facade, "Broken");

        Assert.Equal("InternalError", answer.GetProperty("Error").GetProperty("Code").GetString());
        Assert.Contains(answer.GetProperty("RequestId").GetString()!, Assert.Single(logs.Lines, line => line.Level == LogLevel.Error).Text, StringComparison.Ordinal);
    }

    /// <summary>Anybody can make such lines, with anything in them.</summary>
    [Fact]
    public async Task RefusalsOfUnknownCallers_AreLoggedUpToALimitAndInWordsOfOurs()
    {
        var (logs, time) = (new Captured(), new SteppedTime());
        var facade = FacadeOf(logs, new TencentOptions { MaxRefusalsLogged = 2 }, _ => Task.FromResult(ActionAnswer.Done), time);
        for (var number = 0; number < 5; number++)
        {
            await SendAsync(facade, "No\nAction", origin: "http://evil.example", client: "SDK\r\n" + new string('x', 100));
        }

        Assert.Equal(2, logs.Lines.Count);
        Assert.All(logs.Lines, line => Assert.StartsWith($"Tencent unknown answered AuthFailure.InvalidAuthorization to 192.0.2.1, client SDK??{new string('x', 59)}, request ", line.Text, StringComparison.Ordinal));
        time.Step(TimeSpan.FromMinutes(1));
        await SendAsync(facade, "Broken", origin: "http://evil.example");

        Assert.Equal("3 more requests of unknown callers were refused by the Tencent façade and not logged", logs.Lines.ElementAt(2).Text);
        Assert.StartsWith("Tencent Broken answered ", logs.Lines.ElementAt(3).Text, StringComparison.Ordinal);
    }

    /// <summary>A job with secrets that is refused for its form, one that the database does not take, and a request that carries one where none belongs.</summary>
    [Fact]
    public async Task Secrets_AreInNoLog()
    {
        var logs = new Captured();
        server.Services.GetRequiredService<ILoggerFactory>().AddProvider(logs);
        await server.ExecuteAsync("ALTER TABLE jobs ADD CONSTRAINT jobs_refused CHECK (job_name <> 'refused')");
        var application = $$$"""{"DeliveryForm":"LOCAL","Command":"true","Docker":{"Image":"a","User":"u","Password":"{{{Secret}}}"}}""";
        string Job(string name, string key) => $$$"""
            {"Placement":{"Zone":"local-1"},"Job":{"JobName":"{{{name}}}","Tasks":[{"TaskName":"a","EnvId":"env-default0","Application":{{{application}}},"Authentications":[{"Scene":"COS","SecretId":"i","SecretKey":{{{key}}} }]}]}}
            """;

        var failed = await server.SendAsync(new() { Action = "SubmitJob", Body = Job("refused", $"\"{Secret}\"") });
        await server.RefusalAsync("SubmitJob", Job("fine", $"[\"{Secret}\"]"));
        await server.RefusalAsync(Secret, "{}");
        await server.SendAsync(new() { SecretId = Secret, Token = Secret, Authorization = Secret });
        var taken = await server.SendAsync(new() { Action = "SubmitJob", Body = Job("fine", $"\"{Secret}\"") });

        Assert.True(taken.TryGetProperty("JobId", out _), taken.ToString());
        Assert.Equal("InternalError", TencentFixture.CodeOf(failed));
        Assert.Contains(logs.Lines, line => line.Text.Contains(failed.GetProperty("RequestId").GetString()!, StringComparison.Ordinal));
        Assert.DoesNotContain(logs.Lines, line => line.Text.Contains(Secret, StringComparison.Ordinal));
        Assert.DoesNotContain(logs.Lines, line => line.Text.Contains(server.Key.SecretKey, StringComparison.Ordinal));
    }

    private TencentFacade FacadeOf(Captured logs, TencentOptions options, ActionHandler handler, TimeProvider? time = null)
    {
        var (wrapped, factory) = (Options.Create(options), new LoggerFactory([logs]));
        var bodies = new BodyReader(wrapped, TimeProvider.System);
        var table = new ActionTable([new OneAction(handler)]);
        var gate = new RequestGate(null!, bodies, Options.Create(new ApiOptions { RequireAuthentication = false }), wrapped, TimeProvider.System);
        var log = new RequestLog(server.Services.GetRequiredService<TencentMetrics>(), table, wrapped, time ?? TimeProvider.System, factory.CreateLogger<RequestLog>());
        return new(gate, bodies, table, log, wrapped, factory.CreateLogger<TencentFacade>());
    }

    private static async Task<JsonElement> SendAsync(TencentFacade facade, string action, string? origin = null, string? client = null)
    {
        using var answer = new MemoryStream();
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = new([192, 0, 2, 1]);
        context.Request.Method = "POST";
        context.Request.Path = "/";
        context.Request.Headers.Host = "localhost";
        context.Request.Headers["X-TC-Action"] = action;
        context.Request.Headers["X-TC-Version"] = "1";
        context.Request.Headers["X-TC-RequestClient"] = client;
        context.Request.Headers.Origin = origin;
        context.Response.Body = answer;

        await facade.HandleAsync(context);

        return JsonDocument.Parse(answer.ToArray()).RootElement.GetProperty("Response");
    }

    private sealed class OneAction(ActionHandler handler) : IActionGroup
    {
        public IEnumerable<(ActionSpec Spec, ActionHandler Handler)> Actions => [(new("1", "Broken", Shape.Empty, ""), handler)];
    }

    private sealed class SteppedTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        internal void Step(TimeSpan by) => _ticks += by.Ticks;
    }

    /// <summary>Keeps what is logged, exceptions included.</summary>
    private sealed class Captured : ILoggerProvider, ILogger
    {
        internal ConcurrentQueue<(LogLevel Level, string Text)> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel > LogLevel.Debug)
            {
                Lines.Enqueue((logLevel, formatter(state, exception) + exception));
            }
        }

        public void Dispose()
        {
        }
    }
}
