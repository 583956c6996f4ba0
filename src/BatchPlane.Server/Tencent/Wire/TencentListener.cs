using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>
/// Listens for the façade, on addresses of its own: a web server beside that of the REST API, with nothing on its way that the REST API does about requests. Starts when the
/// database is ready, ends before it goes.
/// </summary>
internal sealed class TencentListener(ServerSettings settings, TencentFacade facade, IOptions<TencentOptions> options, ILoggerFactory logs) : IHostedService, IAsyncDisposable
{
    private const int MaxRequestLine = 72 * 1024;

    private WebApplication? _server;

    /// <summary>Where it listens, ports that were chosen by the system included; empty before it does.</summary>
    internal IReadOnlyCollection<string> Urls => _server is null ? [] : [.. _server.Urls];

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "batchplane" });
        builder.Services.AddSingleton(logs);
        builder.WebHost.UseKestrelCore().UseUrls([.. settings.TencentUrls]).ConfigureKestrel((_, kestrel) =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestLineSize = MaxRequestLine;
            kestrel.Limits.MaxConcurrentConnections = options.Value.MaxConnections;
        });
        _server = builder.Build();
        _server.Run(facade.HandleAsync);
        await _server.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_server is not null)
        {
            await _server.StopAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}
