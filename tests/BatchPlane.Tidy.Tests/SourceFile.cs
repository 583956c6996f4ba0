namespace BatchPlane.Tidy.Tests;

/// <summary>One text file of the checkout.</summary>
/// <param name="Path">Relative to the root of the checkout, with <c>/</c>.</param>
/// <param name="Text">Its content.</param>
internal sealed record SourceFile(string Path, string Text)
{
    /// <summary>Lines with their numbers from 1, without those that are only a comment.</summary>
    internal IEnumerable<(int Number, string Text)> CodeLines =>
        Text.Split('\n')
            .Select((line, index) => (Number: index + 1, Text: line))
            .Where(line => !line.Text.TrimStart().StartsWith("//", StringComparison.Ordinal));

    internal bool IsUnder(string folder) => Path.StartsWith(folder, StringComparison.Ordinal);

    internal bool Is(string extension) => Path.EndsWith(extension, StringComparison.Ordinal);
}
