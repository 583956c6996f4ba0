using System.Globalization;

namespace BatchPlane.LocalServices.Processes;

/// <summary>
/// The account a server runs as: the one its package creates when we are root (PostgreSQL refuses to run as root),
/// ourselves otherwise.
/// </summary>
internal sealed class ServiceAccount
{
    private readonly uint _userId;
    private readonly uint _groupId;
    private readonly bool _isOurselves;

    private ServiceAccount(string name, uint userId, uint groupId, bool isOurselves)
    {
        Name = name;
        _userId = userId;
        _groupId = groupId;
        _isOurselves = isOurselves;
    }

    /// <summary>Login name, for messages.</summary>
    internal string Name { get; }

    /// <summary>Words to put before a command so that it runs as this account; empty when that is us.</summary>
    internal IReadOnlyList<string> CommandPrefix =>
        _isOurselves ? [] : ["setpriv", $"--reuid={_userId}", $"--regid={_groupId}", "--init-groups"];

    /// <summary>Null when we are root and the account does not exist.</summary>
    internal static ServiceAccount? Find(string packageAccount)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return new ServiceAccount(Environment.UserName, 0, 0, isOurselves: true);
        }

        var fields = File.ReadLines("/etc/passwd")
            .Select(line => line.Split(':'))
            .FirstOrDefault(parts => parts.Length > 3 && string.Equals(parts[0], packageAccount, StringComparison.Ordinal));
        return fields is null
            ? null
            : new ServiceAccount(
                packageAccount,
                uint.Parse(fields[2], CultureInfo.InvariantCulture),
                uint.Parse(fields[3], CultureInfo.InvariantCulture),
                isOurselves: false);
    }

    /// <summary>Creates the directory when missing and makes it this account's alone.</summary>
    internal void CreateDirectory(string path)
    {
        Directory.CreateDirectory(path);
        Claim(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Writes a file that only this account can read.</summary>
    internal void WriteFile(string path, string content)
    {
        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.Delete(path);
        using (var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        }))
        using (var writer = new StreamWriter(stream))
        {
            writer.Write(content);
        }

        Claim(path, OwnerOnly);
    }

    private void Claim(string path, UnixFileMode mode)
    {
        if (!_isOurselves)
        {
            LinuxCalls.ChangeOwner(path, _userId, _groupId);
        }

        File.SetUnixFileMode(path, mode);
    }
}
