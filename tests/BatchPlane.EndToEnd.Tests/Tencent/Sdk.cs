using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Cli.Connections;

namespace BatchPlane.EndToEnd.Tests.Tencent;

/// <summary>
/// The SDK of Tencent Cloud for Node.js, unmodified, with the keys of a stack. <c>./dev test</c> installs it; without that the first test that needs it does. For one caller at a time.
/// </summary>
internal sealed class Sdk : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan InstallBound = TimeSpan.FromMinutes(5);

    private readonly Process _process;
    private readonly DevInfo _stack;

    private Sdk(Process process, DevInfo stack)
    {
        _process = process;
        _stack = stack;
    }

    /// <summary>Address of the façade as clients are told it.</summary>
    internal string Endpoint => new Uri(_stack.TencentUrl!).Authority;

    internal static async Task<Sdk> StartAsync(DevInfo stack)
    {
        var program = Path.Combine(Repository(), "tests", "peers", "tencent");
        if (!Directory.Exists(Path.Combine(program, "node_modules", "tencentcloud-sdk-nodejs")))
        {
            using var install = Start("flock", program, [".", "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]);
            await install.WaitForExitAsync().WaitAsync(InstallBound);
        }

        return new(Start("node", program, ["sdk.js"]), stack);
    }

    /// <summary>The answer of a call that has to succeed.</summary>
    internal async Task<JsonElement> CallAsync(string action, string request, string product = "batch", Action<JsonObject>? change = null)
    {
        var answer = await SendAsync(action, request, product, change);
        Assert.True(answer.TryGetProperty("response", out var response), $"{action} {request}: {answer}");
        Assert.True(Guid.TryParseExact(response.GetProperty("RequestId").GetString(), "D", out _), $"{action}: {answer}");
        return response;
    }

    /// <summary>Code of the exception that the SDK throws.</summary>
    internal async Task<string> RefusalAsync(string action, string request, string product = "batch", Action<JsonObject>? change = null)
    {
        var answer = await SendAsync(action, request, product, change);
        if (!answer.TryGetProperty("error", out var error))
        {
            return answer.GetRawText();
        }

        Assert.True(
            Guid.TryParseExact(error.GetProperty("requestId").GetString(), "D", out _) && !string.IsNullOrEmpty(error.GetProperty("traceId").GetString()),
            $"{action} {request}: {answer}");
        return error.GetProperty("code").GetString()!;
    }

    /// <summary>The region that the SDK is told, which is not that of the installation.</summary>
    internal const string Region = "ap-guangzhou";

    /// <summary>What the SDK gave or threw. <paramref name="change"/> changes what it is told: <c>endpoint</c>, <c>secretKey</c>, <c>shift</c> of its clock …</summary>
    internal async Task<JsonElement> SendAsync(string action, string request, string product = "batch", Action<JsonObject>? change = null)
    {
        var call = new JsonObject
        {
            ["product"] = product,
            ["action"] = action,
            ["request"] = JsonNode.Parse(request),
            ["endpoint"] = Endpoint,
            ["secretId"] = _stack.SecretId,
            ["secretKey"] = _stack.SecretKey,
            ["region"] = Region,
        };
        change?.Invoke(call);
        await _process.StandardInput.WriteLineAsync(call.ToJsonString());
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(Bound);
        return JsonDocument.Parse(line ?? throw new InvalidOperationException("The SDK's process has ended.")).RootElement;
    }

    /// <summary>Runs a program of <c>examples/tencent</c> to its end. Its exit code and output.</summary>
    internal static async Task<(int ExitCode, string Output)> RunExampleAsync(string program, string devFile)
    {
        using var process = Start("node", Path.Combine(Repository(), "examples", "tencent"), [program, devFile]);
        var output = await process.StandardOutput.ReadToEndAsync().WaitAsync(Bound);
        await process.WaitForExitAsync();
        return (process.ExitCode, output);
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(Bound);
        _process.Dispose();
    }

    private static Process Start(string program, string directory, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = directory, RedirectStandardInput = true, RedirectStandardOutput = true };

        // The SDK would ask a proxy even for this machine.
        foreach (var name in new[] { "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY" })
        {
            start.Environment.Remove(name);
        }

        start.Environment["NODE_PATH"] = Path.Combine(Repository(), "tests", "peers", "tencent", "node_modules");
        return Process.Start(start)!;
    }

    private static string Repository([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));
}
