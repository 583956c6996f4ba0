using System.Security.Cryptography;
using System.Text.Json;

namespace BatchPlane.LocalServices.Storage;

/// <summary>What a server keeps from one start to the next; a JSON file that only its owner can read.</summary>
internal sealed record ServiceSettings
{
    /// <summary>Port that clients use: PostgreSQL or AMQP. 0: not chosen yet.</summary>
    public int Port { get; init; }

    /// <summary>RabbitMQ only: the management API.</summary>
    public int ManagementPort { get; init; }

    /// <summary>RabbitMQ only: Erlang distribution.</summary>
    public int DistributionPort { get; init; }

    /// <summary>RabbitMQ only: the node's own name server.</summary>
    public int NameServerPort { get; init; }

    /// <summary>Random, hexadecimal, so that it needs no escaping in any URL or file.</summary>
    public required string Password { get; init; }

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    internal static ServiceSettings LoadOrCreate(string path) =>
        File.Exists(path)
            ? JsonSerializer.Deserialize<ServiceSettings>(File.ReadAllText(path), Json)!
            : new ServiceSettings { Password = NewSecret() };

    internal void Save(string path)
    {
        var draft = path + ".new";
        File.Delete(draft);
        using (var stream = new FileStream(draft, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            JsonSerializer.Serialize(stream, this, Json);
        }

        File.Move(draft, path, overwrite: true);
    }

    internal static string NewSecret() => RandomNumberGenerator.GetHexString(32, lowercase: true);
}
