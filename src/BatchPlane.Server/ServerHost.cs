using System.Net;
using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Core.Database;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Scheduling;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.Configuration;
using BatchPlane.Server.Environments;
using BatchPlane.Server.Health;
using BatchPlane.Server.Jobs;
using BatchPlane.Server.Logging;
using BatchPlane.Server.OpenApi;
using BatchPlane.Server.Topics;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;

namespace BatchPlane.Server;

/// <summary>Puts the control-plane process together: what it is made of, and in which order a request passes through it.</summary>
public static class ServerHost
{
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
        AddWriters(builder.Services);
        AddApi(builder, settings);

        var app = builder.Build();
        CheckAuthentication(settings, app.Services.GetRequiredService<IOptions<ApiOptions>>().Value);
        UsePipeline(app);
        MapEndpoints(app, settings);
        return app;
    }

    /// <summary>What every role needs.</summary>
    private static void AddFoundation(IServiceCollection services, ServerSettings settings)
    {
        services.AddSingleton(settings);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => NpgsqlDataSource.Create(settings.Postgres));
        services.AddSingleton(_ => new InstallationKey(LoadInstallationKey(settings)));
        services.AddSingleton(new JoinToken(settings.JoinToken));
        services.AddSingleton<MigrationRunner>();
        services.AddSingleton<ApiKeyStore>();
        services.AddSingleton<BrokerStatus>();
        services.AddHostedService<StartTasks>();
    }

    /// <summary>What changes jobs and environments, for API and engine alike.</summary>
    private static void AddWriters(IServiceCollection services)
    {
        services.AddSingleton<WorkSignal>().AddSingleton<OutboxSignal>().AddSingleton<TerminationSignal>();
        services.AddSingleton<TransitionWriter>();
        services.AddHostedService(provider => provider.GetRequiredService<TransitionWriter>());
        services.AddSingleton<EnvironmentStore>();
    }

    private static void AddApi(WebApplicationBuilder builder, ServerSettings settings)
    {
        builder.WebHost.UseUrls([.. settings.Urls]);
        builder.WebHost.ConfigureKestrel((_, kestrel) => kestrel.AddServerHeader = false);
        builder.Services.ConfigureHttpJsonOptions(options => BatchPlaneJson.Apply(options.SerializerOptions));
        builder.Services.AddSingleton<ReadContexts>().AddSingleton<JobQueries>().AddSingleton<EnvironmentQueries>().AddSingleton<TopicQueries>().AddSingleton<EventQueries>();
        builder.Services.AddSingleton<TopicStore>();
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

        app.MapOpenApi();
        var v1 = app.MapGroup("/v1").RequireAuthorization();
        v1.MapJobs();
        v1.MapEnvironments();
        v1.MapTopics();
    }

    private static void CheckAuthentication(ServerSettings settings, ApiOptions options)
    {
        if (settings.NoAuth)
        {
            options.RequireAuthentication = false;
        }

        if (!options.RequireAuthentication && settings.Urls.Where(url => !IsLoopback(url)).ToArray() is { Length: > 0 } open)
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
