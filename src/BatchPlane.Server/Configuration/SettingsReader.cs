using System.Globalization;
using BatchPlane.Core.Access;

namespace BatchPlane.Server;

/// <summary>Reads <see cref="ServerSettings"/> from variables named <c>BATCHPLANE_…</c> (or any configuration with the names after the prefix).</summary>
public static class SettingsReader
{
    /// <summary>Prefix of environment variables.</summary>
    public const string VariablePrefix = "BATCHPLANE_";

    private const int MinBearerKeyLength = 20;

    /// <summary>The settings of the process' environment variables.</summary>
    public static ServerSettings ReadEnvironment() => Read(new ConfigurationBuilder().AddEnvironmentVariables(VariablePrefix).Build());

    /// <summary>The settings. Throws <see cref="ConfigurationException"/> with everything that is missing or wrong.</summary>
    public static ServerSettings Read(IConfiguration configuration)
    {
        var problems = new List<string>();
        var settings = new ServerSettings
        {
            Postgres = Required(configuration, "POSTGRES", "the connection string of PostgreSQL", problems),
            RabbitMq = ReadRabbitMq(configuration, problems),
            Urls = Urls(configuration["HTTP"]) ?? [ServerSettings.DefaultUrl],
            TencentUrls = configuration["TENCENT"] == ServerSettings.NoTencent ? [] : Urls(configuration["TENCENT"]) ?? [ServerSettings.DefaultTencentUrl],
            DataDirectory = Required(configuration, "DATA", "the directory for the server's files", problems),
            InstallationKey = configuration["INSTALLATION_KEY"],
            JoinToken = configuration["JOIN_TOKEN"],
            BootstrapKey = ReadBootstrapKey(configuration, problems),
            NoAuth = ReadFlag(configuration, "NO_AUTH", problems),
            Roles = ReadRoles(configuration, problems),
            DefaultEnvironment = configuration["DEFAULT_ENVIRONMENT"],
            DefaultEnvironmentNodes = ReadNumber(configuration, "DEFAULT_ENVIRONMENT_NODES", problems) ?? 1,
            DefaultEnvironmentSlots = ReadNumber(configuration, "DEFAULT_ENVIRONMENT_SLOTS", problems),
            Options = configuration.GetSection("OPTIONS"),
            Listeners = configuration.GetSection("LISTENERS"),
            Serilog = configuration.GetSection("SERILOG"),
        };
        return problems.Count == 0 ? settings : throw new ConfigurationException(problems);
    }

    private static string[]? Urls(string? text) => text?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string Required(IConfiguration configuration, string name, string meaning, List<string> problems)
    {
        if (configuration[name] is { Length: > 0 } value)
        {
            return value;
        }

        problems.Add($"{VariablePrefix}{name} is missing: {meaning}.");
        return "";
    }

    private static Uri ReadRabbitMq(IConfiguration configuration, List<string> problems)
    {
        var text = Required(configuration, "RABBITMQ", "the AMQP URI of RabbitMQ", problems);
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "amqp" or "amqps")
        {
            return uri;
        }

        if (text.Length > 0)
        {
            problems.Add($"{VariablePrefix}RABBITMQ: expected amqp://user:password@host:port/vhost.");
        }

        return new Uri("amqp://localhost");
    }

    private static BootstrapKey? ReadBootstrapKey(IConfiguration configuration, List<string> problems)
    {
        var secretId = configuration["BOOTSTRAP_SECRET_ID"];
        var secretKey = configuration["BOOTSTRAP_SECRET_KEY"];
        if ((secretId is null) != (secretKey is null))
        {
            problems.Add($"{VariablePrefix}BOOTSTRAP_SECRET_ID and {VariablePrefix}BOOTSTRAP_SECRET_KEY go together.");
        }

        if (configuration["BOOTSTRAP_API_KEY"] is not { } key)
        {
            return null;
        }

        if (!key.StartsWith(AccessSecrets.BearerPrefix, StringComparison.Ordinal) || key.Length < MinBearerKeyLength || key.Any(c => c is <= ' ' or > '~'))
        {
            problems.Add($"{VariablePrefix}BOOTSTRAP_API_KEY: expected '{AccessSecrets.BearerPrefix}' and random characters, {MinBearerKeyLength} or more together.");
        }

        return new BootstrapKey(key, secretId ?? AccessSecrets.NewSecretId(), secretKey ?? AccessSecrets.NewSecretKey());
    }

    private static bool ReadFlag(IConfiguration configuration, string name, List<string> problems)
    {
        switch (configuration[name]?.ToUpperInvariant())
        {
            case null or "" or "0" or "FALSE":
                return false;
            case "1" or "TRUE":
                return true;
            default:
                problems.Add($"{VariablePrefix}{name}: expected true or false.");
                return false;
        }
    }

    private static int? ReadNumber(IConfiguration configuration, string name, List<string> problems)
    {
        if (configuration[name] is not { } text)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        problems.Add($"{VariablePrefix}{name}: expected a whole number, given \"{text}\".");
        return null;
    }

    private static ServerRoles ReadRoles(IConfiguration configuration, List<string> problems)
    {
        if (configuration["ROLES"] is not { } text)
        {
            return ServerRoles.All;
        }

        var roles = ServerRoles.None;
        foreach (var word in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (Enum.TryParse<ServerRoles>(word, ignoreCase: true, out var role) && !char.IsDigit(word[0]))
            {
                roles |= role;
            }
            else
            {
                problems.Add($"{VariablePrefix}ROLES: expected api, engine, dispatcher, deliverer, listeners or all, given \"{word}\".");
            }
        }

        return roles;
    }
}
