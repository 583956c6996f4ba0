using System.Diagnostics;

namespace BatchPlane.EndToEnd.Tests.NodeLoss;

/// <summary>
/// A network namespace with one cable to this one, which can be pulled. Made by the test and gone with it; nothing outside is touched. Needs
/// root and iproute2.
/// </summary>
internal sealed class NetworkNamespace : IDisposable
{
    private const int Net = 213;

    private readonly string _cable;

    private NetworkNamespace(string name, string cable, string address)
    {
        Name = name;
        _cable = cable;
        HostAddress = address;
    }

    internal string Name { get; }

    /// <summary>This side's address, as seen from inside.</summary>
    internal string HostAddress { get; }

    /// <summary>The namespace, as <c>/proc/PID/ns/net</c> names it.</summary>
    internal string Id { get; private set; } = "";

    internal static NetworkNamespace Create(int number)
    {
        Assert.True(Environment.IsPrivilegedProcess, "this test makes network namespaces: run it as root");

        // Of this process: several runs of the tests may be under way.
        var run = Environment.ProcessId % 250;
        var prefix = $"10.{Net}.{run}.{number * 4}".Split('.');
        string Address(int last) => $"{prefix[0]}.{prefix[1]}.{prefix[2]}.{(number * 4) + last}";
        var name = $"bp-{Environment.ProcessId}-{number}";
        var cable = $"bp{Environment.ProcessId % 100_000}n{number}";
        var made = new NetworkNamespace(name, cable, Address(1));
        Ip("netns", "add", name);
        Ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name);
        Ip("addr", "add", $"{Address(1)}/30", "dev", cable);
        Ip("link", "set", cable, "up");
        Ip("-n", name, "addr", "add", $"{Address(2)}/30", "dev", "eth0");
        Ip("-n", name, "link", "set", "eth0", "up");
        Ip("-n", name, "link", "set", "lo", "up");
        made.Id = Run("nsenter", $"--net=/run/netns/{name}", "readlink", "/proc/self/ns/net").Trim();
        return made;
    }

    internal void Cut() => Ip("link", "set", _cable, "down");

    internal void Heal() => Ip("link", "set", _cable, "up");

    public void Dispose()
    {
        Ip("link", "del", _cable);
        Ip("netns", "del", Name);
    }

    private static void Ip(params string[] args) => Run("ip", args);

    private static string Run(string program, params string[] args)
    {
        using var process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEnd();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', args)}: {error}");
        return output;
    }
}
