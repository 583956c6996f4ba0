using System.Net;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Access;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.TaskTemplates;
using BatchPlane.Server.Agents;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.Configuration;
using BatchPlane.Server.Deliveries;
using BatchPlane.Server.Dispatch;
using BatchPlane.Server.Environments;
using BatchPlane.Server.Events;
using BatchPlane.Server.Health;
using BatchPlane.Server.Jobs;
using BatchPlane.Server.Listeners;
using BatchPlane.Server.Logging;
using BatchPlane.Server.Loops;
using BatchPlane.Server.Metrics;
using BatchPlane.Server.Nodes.Slurm;
using BatchPlane.Server.OpenApi;
using BatchPlane.Server.TaskTemplates;
using BatchPlane.Server.Tencent;
using BatchPlane.Server.Topics;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;

namespace BatchPlane.Server;

/// <summary>Puts the control-plane process together: what it is made of, and in which order a request passes through it.</summary>
public static class ServerHost
{
    private const int MaxPreparedStatements = 100;

    /// <summary>
    /// The server, ready to run. Throws <see cref="ConfigurationException"/> with every problem of settings and options. Nothing is
    /// contacted before it runs.
    /// </summary>
    public static WebApplication Build(ServerSettings settings)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "batchplane", ContentRootPath = AppContext.BaseDirectory });
        ServerLogging.AddTo(builder.Logging, settings.Serilog);
        OptionsSections.AddTo(builder.Services, settings.Options ?? new ConfigurationBuilder().Build());
        AddFoundation(builder.Services, settings);
        builder.Services.AddBatchPlaneCore();
        builder.Services.AddDispatch(settings.RabbitMq, settings.Roles.HasFlag(ServerRoles.Dispatcher));
        builder.Services.AddDeliveries(settings.Roles.HasFlag(ServerRoles.Deliverer));
        builder.Services.AddListeners(settings.Roles.HasFlag(ServerRoles.Listeners));
        builder.Services.AddAgents();
        if (settings.Roles.HasFlag(ServerRoles.Engine))
        {
            builder.Services.AddEngineLoops(withSlurm: IsSlurmEnabled(builder.Services));
        }

        AddApi(builder, settings);
        if (settings.Roles.HasFlag(ServerRoles.Api) && settings.TencentUrls.Count > 0)
        {
            builder.Services.AddTencent();
        }

        var app = builder.Build();
        CheckAuthentication(settings, app.Services.GetRequiredService<IOptions<ApiOptions>>().Value);
        UsePipeline(app);
        MapEndpoints(app, settings);
        return app;
    }

    private static bool IsSlurmEnabled(IServiceCollection services) =>
        services.Select(service => service.ImplementationInstance).OfType<IOptions<SlurmOptions>>().Single().Value.Enabled;

    /// <summary>What every role needs.</summary>
    private static void AddFoundation(IServiceCollection services, ServerSettings settings)
    {
        services.AddSingleton(settings);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => NpgsqlDataSource.Create(WithDefaults(settings.Postgres)));
        services.AddSingleton(_ => new InstallationKey(LoadInstallationKey(settings)));
        services.AddSingleton(provider => new JoinToken(settings.JoinToken ?? provider.GetRequiredService<InstallationKey>().JoinToken));
        services.AddSingleton<ApiKeyStore>();
        services.AddSingleton<JoinTokenStore>();
        services.AddSingleton<BrokerStatus>();
        services.AddHostedService<StartTasks>();
    }

    private static void AddApi(WebApplicationBuilder builder, ServerSettings settings)
    {
        builder.WebHost.UseUrls([.. settings.Urls]);
        builder.WebHost.ConfigureKestrel((_, kestrel) => kestrel.AddServerHeader = false);
        builder.Services.ConfigureHttpJsonOptions(options => BatchPlaneJson.Apply(options.SerializerOptions));
        builder.Services.AddSingleton<ReadContexts>().AddSingleton<JobQueries>().AddSingleton<TaskQueries>().AddSingleton<EnvironmentQueries>().AddSingleton<TopicQueries>().AddSingleton<EventQueries>().AddSingleton<ExplainQueries>().AddSingleton<JournalSorting>().AddSingleton<PlanQueries>().AddSingleton<TaskTemplateQueries>().AddSingleton<TaskTemplateStore>();
        builder.Services.AddEvents();
        builder.Services.AddSingleton<MetricsCollector>().AddSingleton<AttemptMetrics>();
        builder.Services.AddHostedService(services => services.GetRequiredService<MetricsCollector>());
        builder.Services.AddSingleton<TopicAdmission>();
        builder.Services.AddSingleton<TestTopic>();
        builder.Services.AddSingleton<ReferenceCheck>();
        builder.Services.AddSingleton<DefaultEnvironment>();
        builder.Services.AddSingleton<JobSubmission>();
        builder.Services.AddSingleton<EnvironmentCreation>();
        builder.Services.AddAuthentication(ApiKeyHandler.SchemeName).AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.SchemeName, null);
        builder.Services.AddAuthorization();
        OpenApiSetup.AddTo(builder.Services);
        builder.Services.AddOptions<Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions>()
            .Configure<IOptions<ApiOptions>>((kestrel, api) => kestrel.Limits.MaxRequestBodySize = api.Value.MaxBodyBytes);
    }

    private static void UsePipeline(WebApplication app)
    {
        app.UseMiddleware<RequestLogMiddleware>();
        app.UseMiddleware<ProblemMiddleware>();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseSwaggerUI(options =>
        {
            options.DocumentTitle = "BatchPlane";
            options.RoutePrefix = "swagger";
            options.SwaggerEndpoint($"/openapi/{OpenApiSetup.DocumentName}.json", "BatchPlane");
        });
    }

    private static void MapEndpoints(WebApplication app, ServerSettings settings)
    {
        app.MapHealth();
        if (!settings.Roles.HasFlag(ServerRoles.Api))
        {
            return;
        }

        app.MapMetrics();
        app.MapOpenApi();
        app.MapEventDocuments();
        var v1 = app.MapGroup("/v1").RequireAuthorization();
        v1.MapJobs();
        v1.MapEnvironments();
        v1.MapTaskTemplates();
        v1.MapTopics();
        v1.MapEvents();
        ListListeners.Map(v1);
        ChangeListener.Map(v1);
        app.MapAgents();
    }

    /// <summary>Statements are prepared once per connection; what the connection string says of that itself stays as it is.</summary>
    private static string WithDefaults(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = "batchplane" };
        if (!builder.ContainsKey("Max Auto Prepare") || builder.MaxAutoPrepare == 0)
        {
            builder.MaxAutoPrepare = MaxPreparedStatements;
            builder.AutoPrepareMinUsages = 2;
        }

        // Nothing of ours changes a session but its prepared statements: the reset in front of each use would be a statement for nothing.
        builder.NoResetOnClose = true;
        return builder.ConnectionString;
    }

    private static void CheckAuthentication(ServerSettings settings, ApiOptions options)
    {
        if (settings.NoAuth)
        {
            options.RequireAuthentication = false;
        }

        if (!options.RequireAuthentication && settings.Urls.Concat(settings.TencentUrls).Where(url => !IsLoopback(url)).ToArray() is { Length: > 0 } open)
        {
            throw new ConfigurationException([$"Without authentication the server listens on loopback addresses only, not on {string.Join(", ", open)}."]);
        }
    }

    private static bool IsLoopback(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && (uri.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(uri.DnsSafeHost, out var address) && IPAddress.IsLoopback(address)));

    private static byte[] LoadInstallationKey(ServerSettings settings)
    {
        if (settings.InstallationKey is not { } configured)
        {
            return InstallationKeyFile.LoadOrCreate(settings.DataDirectory);
        }

        return InstallationKeyFile.TryParse(configured, out var key)
            ? key
            : throw new ConfigurationException([$"The installation key is not base64 of {InstallationKey.KeyBytes} bytes."]);
    }
}
