using Microsoft.Extensions.Configuration;

namespace BatchPlane.Server.Tests.Configuration;

public sealed class ConfigurationTests
{
    private static readonly Dictionary<string, string?> Complete = new()
    {
        ["POSTGRES"] = "Host=localhost",
        ["RABBITMQ"] = "amqp://localhost",
        ["DATA"] = "/tmp",
    };

    [Fact]
    public void CompleteVariables_AreRead()
    {
        var settings = SettingsReader.Read(With(("HTTP", "http://127.0.0.1:1;http://[::1]:2"), ("ROLES", "api,Engine"), ("BOOTSTRAP_API_KEY", "bp_0123456789abcdefgh")));

        Assert.Equal(["http://127.0.0.1:1", "http://[::1]:2"], settings.Urls);
        Assert.Equal(ServerRoles.Api | ServerRoles.Engine, settings.Roles);
        Assert.StartsWith("AKID", settings.BootstrapKey?.SecretId, StringComparison.Ordinal);
    }

    [Fact]
    public void WrongVariables_AreAllNamed()
    {
        var exception = Assert.Throws<ConfigurationException>(() => SettingsReader.Read(With(
            ("POSTGRES", null), ("RABBITMQ", "http://x"), ("ROLES", "cook"), ("NO_AUTH", "perhaps"), ("BOOTSTRAP_API_KEY", "short"), ("BOOTSTRAP_SECRET_ID", "AKID"), ("DEFAULT_ENVIRONMENT_NODES", "-1"))));

        Assert.Equal(7, exception.Problems.Count);
    }

    [Fact]
    public void WrongOptions_AreAllNamed()
    {
        var options = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Api:MaxBodyBytes"] = "12",
            ["Api:PageSise"] = "10",
            ["JobLimits:MaxTasks"] = "many",
            ["Jobs:MaxTasks"] = "1",
        }).Build();

        var exception = Assert.Throws<ConfigurationException>(() => ServerHost.Build(Settings() with { Options = options }));

        Assert.Equal(4, exception.Problems.Count);
    }

    [Theory]
    [InlineData("Dispatch:LeaseRenewal", "00:00:08")]
    [InlineData("Dispatch:StopTimeout", "00:00:08")]
    public void TimesThatALeaseDoesNotOutlast_AreNamed(string option, string value)
    {
        var options = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [option] = value, ["Dispatch:LeaseDuration"] = "00:00:15" }).Build();

        var exception = Assert.Throws<ConfigurationException>(() => ServerHost.Build(Settings() with { Options = options }));

        Assert.Contains(option.Split(':')[1], Assert.Single(exception.Problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://0.0.0.0:0", false)]
    [InlineData("http://*:0", false)]
    [InlineData("http://192.0.2.1:0", false)]
    [InlineData("http://127.0.0.1:0", true)]
    [InlineData("http://[::1]:0", true)]
    [InlineData("http://localhost:0", true)]
    public async Task NoAuth_IsForLoopbackOnly(string url, bool allowed)
    {
        var settings = Settings() with { NoAuth = true, Urls = ["http://127.0.0.1:0", url] };

        if (allowed)
        {
            await using var server = ServerHost.Build(settings);
        }
        else
        {
            Assert.Contains(url, Assert.Throws<ConfigurationException>(() => ServerHost.Build(settings)).Message, StringComparison.Ordinal);
        }
    }

    private static ServerSettings Settings() => SettingsReader.Read(With());

    private static IConfiguration With(params (string Name, string? Value)[] changes)
    {
        var values = new Dictionary<string, string?>(Complete);
        foreach (var (name, value) in changes)
        {
            values[name] = value;
        }

        return new ConfigurationBuilder().AddInMemoryCollection(values).Build();
    }
}
