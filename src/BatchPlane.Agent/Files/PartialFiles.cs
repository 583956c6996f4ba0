using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace BatchPlane.Agent.Files;

/// <summary>
/// Files that are still being copied lie beside their place under a name of their own, which no listing shows. Those that an agent left when it died are removed by the
/// next copy into their directory, once nothing was written to them for <paramref name="age"/>.
/// </summary>
internal sealed class PartialFiles(TimeSpan age, TimeProvider time)
{
    private const string Prefix = ".batchplane-";
    private const int RandomLength = 16;
    private const int MaxRemembered = 10_000;

    private readonly ConcurrentDictionary<FileIdentity, long> _swept = new();

    /// <summary>A new name; short, so that it fits where the name of the file does.</summary>
    internal static string NewName() => Prefix + RandomNumberGenerator.GetHexString(RandomLength, lowercase: true);

    /// <summary>True for such a name.</summary>
    internal static bool Is(string name) =>
        name.Length == Prefix.Length + RandomLength && name.StartsWith(Prefix, StringComparison.Ordinal) && name[Prefix.Length..].All(char.IsAsciiHexDigitLower);

    /// <summary>Removes what was left in a directory; looks once in each <c>age</c>, since a directory may be large.</summary>
    internal void Sweep(HeldDirectory directory)
    {
        var identity = directory.Identity;
        if (_swept.TryGetValue(identity, out var at) && time.GetElapsedTime(at) < age)
        {
            return;
        }

        if (_swept.Count >= MaxRemembered)
        {
            _swept.Clear();
        }

        _swept[identity] = time.GetTimestamp();
        var limit = time.GetUtcNow() - age;
        foreach (var name in directory.List().Where(Is))
        {
            if (directory.FactsOf(name) is { Kind: FileKind.File } facts && facts.WrittenAt < limit)
            {
                directory.TryRemove(name);
            }
        }
    }
}
