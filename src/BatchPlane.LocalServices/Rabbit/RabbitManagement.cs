using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace BatchPlane.LocalServices;

/// <summary>The few calls of RabbitMQ's management API that tests and private brokers need.</summary>
public sealed class RabbitManagement : IDisposable
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;
    private readonly string _user;

    /// <summary>Does not connect yet.</summary>
    /// <param name="address">Like <c>http://user:password@127.0.0.1:15672/</c>; an administrator's name and password.</param>
    /// <exception cref="ArgumentException">The address holds no name and password.</exception>
    public RabbitManagement(Uri address)
    {
        if (address.UserInfo.Split(':') is not [var user, var password])
        {
            throw new ArgumentException("The management address needs user:password@ before the host.", nameof(address));
        }

        _user = Uri.UnescapeDataString(user);
        _http = new HttpClient
        {
            BaseAddress = new UriBuilder(address) { UserName = "", Password = "", Path = address.AbsolutePath.TrimEnd('/') + "/" }.Uri,
            Timeout = CallTimeout,
        };
        var credentials = Encoding.UTF8.GetBytes($"{_user}:{Uri.UnescapeDataString(password)}");
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(credentials));
    }

    /// <summary>Creates an empty virtual host in which the administrator may do everything. Repeating it changes nothing.</summary>
    /// <exception cref="HttpRequestException">The broker is away or refuses.</exception>
    public async Task CreateVirtualHostAsync(string name, CancellationToken cancellationToken = default)
    {
        await PutAsync($"api/vhosts/{Uri.EscapeDataString(name)}", "{}", cancellationToken);
        await PutAsync(
            $"api/permissions/{Uri.EscapeDataString(name)}/{Uri.EscapeDataString(_user)}",
            """{"configure":".*","write":".*","read":".*"}""",
            cancellationToken);
    }

    /// <summary>Deletes a virtual host with all of its exchanges, queues and connections. One that is absent is not an error.</summary>
    /// <exception cref="HttpRequestException">The broker is away or refuses.</exception>
    public async Task DeleteVirtualHostAsync(string name, CancellationToken cancellationToken = default)
    {
        using var response = await _http.DeleteAsync(new Uri($"api/vhosts/{Uri.EscapeDataString(name)}", UriKind.Relative), cancellationToken);
        if (response.StatusCode != HttpStatusCode.NotFound)
        {
            response.EnsureSuccessStatusCode();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>True once the API answers and knows the administrator.</summary>
    internal async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri("api/whoami", UriKind.Relative), cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task PutAsync(string path, string body, CancellationToken cancellationToken)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _http.PutAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
        response.EnsureSuccessStatusCode();
    }
}
