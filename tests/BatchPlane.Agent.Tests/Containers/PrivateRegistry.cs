using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using BatchPlane.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent.Tests.Containers;

/// <summary>
/// The part of a registry that a pull needs, on loopback, with one image behind a user and password. Says how often the image was asked for, and what of a password
/// it saw on command lines meanwhile.
/// </summary>
internal sealed class PrivateRegistry : IAsyncDisposable
{
    internal const string User = "bob";
    internal const string Password = "s3cret of bob";

    // Where podman reads which registries need no TLS; agents of this process pass it on.
    private static readonly string Configuration = Path.Combine(Path.GetTempPath(), $"bp-registries-{Environment.ProcessId}.conf");

    private readonly WebApplication _app;
    private readonly string _layout;
    private int _asked;
    private int _shown;

    private PrivateRegistry(WebApplication app, string layout)
    {
        _app = app;
        _layout = layout;
    }

    /// <summary>Name of the image.</summary>
    internal string Image => $"{new Uri(_app.Urls.First()).Authority}/team/tool:1";

    /// <summary>Times somebody who may have it asked for the image.</summary>
    internal int Asked => Volatile.Read(ref _asked);

    /// <summary>Processes that had the password on their command line while the image was asked for.</summary>
    internal int Shown => Volatile.Read(ref _shown);

    /// <summary>Not null: the image is not given away before it completes.</summary>
    internal Task? Gate { get; set; }

    [ModuleInitializer]
    internal static void NameConfiguration()
    {
        Configure("");
        Environment.SetEnvironmentVariable("CONTAINERS_REGISTRIES_CONF", Configuration);
    }

    internal static async Task<PrivateRegistry> StartAsync(PodmanSandbox podman)
    {
        var layout = Directory.CreateTempSubdirectory("bp-layout-").FullName;
        await podman.PodmanAsync("save", "--quiet", "--format", "oci-dir", "--output", Path.Combine(layout, "image"), PodmanSandbox.Image);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var registry = new PrivateRegistry(app, layout);
        app.Run(registry.AnswerAsync);
        await app.StartAsync();
        Configure($"[[registry]]\nlocation = \"{new Uri(app.Urls.First()).Authority}\"\ninsecure = true\n");
        return registry;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        Configure("");
        Directory.Delete(_layout, recursive: true);
    }

    // At once: other tests run podman at the same time.
    private static void Configure(string content)
    {
        File.WriteAllText(Configuration + ".new", content);
        File.Move(Configuration + ".new", Configuration, overwrite: true);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var expected = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"));
        if (!AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out var given) || given.Parameter != expected)
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"test\"";
            return;
        }

        var parts = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var last = parts[^1];
        if (parts is [.., "manifests", _])
        {
            Interlocked.Increment(ref _asked);
            Interlocked.Add(ref _shown, CommandLines().Count(line => line.Contains("s3cret", StringComparison.Ordinal)));
            if (Gate is { } gate)
            {
                await gate.WaitAsync(context.RequestAborted);
            }

            var index = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(_layout, "image", "index.json"))).RootElement.GetProperty("manifests")[0];
            last = index.GetProperty("digest").GetString()!;
            context.Response.ContentType = index.GetProperty("mediaType").GetString();
            context.Response.Headers["Docker-Content-Digest"] = last;
        }

        if (parts.Length > 1)
        {
            await context.Response.SendFileAsync(Path.Combine(_layout, "image", "blobs", last.Replace(':', '/')));
        }
    }

    private static IEnumerable<string> CommandLines()
    {
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(directory => char.IsAsciiDigit(Path.GetFileName(directory)[0])))
        {
            string line;
            try
            {
                line = File.ReadAllText(Path.Combine(process, "cmdline"));
            }
            catch (IOException)
            {
                continue;
            }

            yield return line;
        }
    }
}
