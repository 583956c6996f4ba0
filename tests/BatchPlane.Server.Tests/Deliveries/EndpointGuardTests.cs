using System.Net;
using System.Net.Sockets;
using BatchPlane.Server.Deliveries.Webhooks;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>Addresses that webhooks must not lead to: each is refused when it is subscribed and when it is dialled.</summary>
public sealed class EndpointGuardTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private static readonly string[] Hosts =
    [
        "127.0.0.1", "127.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "0", "0.0.0.0", "localhost", "localhost.", "LOCALHOST",
        "10.0.0.1", "10.255.255.255", "0xa000001", "172.16.0.1", "172.31.255.255", "192.168.1.1", "192.168.257", "0300.0250.1.1", "3232235777",
        "169.254.169.254", "169.254.1.1", "2852039166", "0xa9fea9fe", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9",
        "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]", "[::127.0.0.1]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]",
        "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[2001:db8::1]", "[2002:7f00:1::]", "[2001::1]", "[3fff::1]", "[100::1]",
    ];

    /// <summary>Hosts of URLs.</summary>
    public static TheoryData<string> Forbidden => [.. Hosts];

    [Fact]
    public void Forbidden_AreFortyOrMore() => Assert.True(Hosts.Distinct().Count() >= 40);

    [Theory]
    [MemberData(nameof(Forbidden))]
    public async Task ForbiddenAddress_IsRefusedWhenSubscribed(string host)
    {
        using var made = await server.PostAsync("/v1/topics", """{"topic_name":"guarded"}""");
        using var refused = await server.PostAsync("/v1/topics/guarded/subscriptions", $$"""{"protocol":"http","endpoint":"http://{{host}}:8099/x"}""");

        var problem = await ServerFixture.ProblemAsync(refused, 400, "invalid_request");
        Assert.Equal(("$.endpoint", "endpoint_forbidden"), (problem.Errors![0].Path, problem.Errors[0].Code));
        Assert.Equal(0, await server.CountAsync("subscriptions"));
    }

    [Theory]
    [MemberData(nameof(Forbidden))]
    public async Task ForbiddenAddress_IsRefusedWhenDialled(string host)
    {
        using var client = Client(new SystemResolver());

        var fault = await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetAsync(new Uri($"http://{host}:8099/x")));

        Assert.IsType<ForbiddenEndpointException>(fault.InnerException);
    }

    [Fact]
    public async Task NameThatAnswersOtherwiseTheSecondTime_IsRefusedThen()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var resolver = new ChangingResolver([IPAddress.Parse("93.184.215.14")], [IPAddress.Loopback]);
        var guard = new EndpointGuard(Options.Create(new WebhookOptions()), resolver, TimeProvider.System);

        Assert.Equal([IPAddress.Parse("93.184.215.14")], await guard.ResolveAsync("rebinding.example", default));
        using var client = Client(resolver);
        var fault = await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetAsync(new Uri($"http://rebinding.example:{new Uri(receiver.Url).Port}/")));

        Assert.IsType<ForbiddenEndpointException>(fault.InnerException);
        Assert.Empty(receiver.Pushes);
    }

    [Fact]
    public async Task NameWithOneForbiddenAddress_IsRefused()
    {
        using var client = Client(new ChangingResolver([IPAddress.Parse("93.184.215.14"), IPAddress.Parse("10.0.0.1")]));

        var fault = await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetAsync(new Uri("http://two.example/")));

        Assert.IsType<ForbiddenEndpointException>(fault.InnerException);
    }

    /// <summary>The control: the same client reaches the same receiver when it is allowed to.</summary>
    [Theory]
    [InlineData("127.0.0.0/8", "", "127.0.0.1")]
    [InlineData("127.0.0.0/8", "", "2130706433")]
    [InlineData("127.0.0.0/8", "", "[::ffff:127.0.0.1]")]
    [InlineData("", "receiver.example", "receiver.example")]
    [InlineData("", "*.example", "receiver.example")]
    public async Task AllowedAddress_IsDialled(string networks, string hosts, string host)
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        using var client = Client(new ChangingResolver([IPAddress.Loopback]), new() { AllowedNetworks = networks, AllowedHosts = hosts });

        using var response = await client.GetAsync(new Uri($"http://{host}:{new Uri(receiver.Url).Port}/"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task FirstAddressAnswersNothing_TheSecondIsDialledInTime()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var port = new Uri(receiver.Url).Port;
        var silent = IPAddress.Parse("127.0.0.2");

        // Nobody accepts, and the queue of those that wait is full: what comes now is not answered.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(silent, port));
        listener.Listen(0);
        using var waiting = new TcpClient();
        await waiting.ConnectAsync(silent, port);
        using var client = Client(new ChangingResolver([silent, IPAddress.Loopback]), new() { AllowedHosts = "two.example", ConnectTimeout = TimeSpan.FromSeconds(1) });

        using var response = await client.GetAsync(new Uri($"http://two.example:{port}/"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("93.184.215.14")]
    [InlineData("172.32.0.1")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("::ffff:1.1.1.1")]
    [InlineData("64:ff9b::101:101")]
    public void PublicAddress_IsAllowed(string address) => Assert.True(PublicAddress.Is(IPAddress.Parse(address)));

    private static HttpClient Client(IHostResolver resolver, WebhookOptions? options = null)
    {
        var guard = new EndpointGuard(Options.Create(options ?? new()), resolver, TimeProvider.System);
        return new(new SocketsHttpHandler { ConnectCallback = guard.ConnectAsync, UseProxy = false }) { Timeout = TimeSpan.FromSeconds(20) };
    }

    /// <summary>Gives one answer after the other, the last one again and again.</summary>
    private sealed class ChangingResolver(params IPAddress[][] answers) : IHostResolver
    {
        private int _asked;

        public Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken) =>
            Task.FromResult(answers[Math.Min(_asked++, answers.Length - 1)]);
    }
}
