using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace BatchPlane.Core.Access;

/// <summary>Where an installation's key comes from: the configuration, or a file that the first server makes.</summary>
public static class InstallationKeyFile
{
    /// <summary>Name of the file in the server's data directory: the key in base64, readable by its owner only.</summary>
    public const string FileName = "installation.key";

    /// <summary>Reads a key from the configuration: base64 of 32 bytes. False when it is anything else.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out byte[]? key)
    {
        var buffer = new byte[InstallationKey.KeyBytes + 1];
        key = Convert.TryFromBase64String(text.Trim(), buffer, out var written) && written == InstallationKey.KeyBytes
            ? buffer[..InstallationKey.KeyBytes]
            : null;
        return key is not null;
    }

    /// <summary>
    /// The key in <paramref name="dataDirectory"/>, made when there is none. Servers that start together in one directory get
    /// the same key. Throws <see cref="InvalidOperationException"/> when the file holds something else.
    /// </summary>
    public static byte[] LoadOrCreate(string dataDirectory)
    {
        Directory.CreateDirectory(dataDirectory);
        var path = Path.Combine(dataDirectory, FileName);
        if (!File.Exists(path))
        {
            Create(path);
        }

        return TryParse(File.ReadAllText(path), out var key)
            ? key
            : throw new InvalidOperationException($"{path} does not hold an installation key (base64 of {InstallationKey.KeyBytes} bytes).");
    }

    private static void Create(string path)
    {
        // Written under another name and linked into place: nobody can read half a key, and the first writer wins.
        var draft = $"{path}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var writer = new StreamWriter(draft, options))
        {
            writer.WriteLine(Convert.ToBase64String(RandomNumberGenerator.GetBytes(InstallationKey.KeyBytes)));
        }

        try
        {
            File.Move(draft, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(draft);
        }
    }
}
