using System.Text;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Tests.Notifications;

/// <summary>Texts that others made, before they are stored.</summary>
public sealed class StoredTextTests
{
    // Halves of surrogate pairs do not get through the runner as data of a theory.
    private static readonly (string Text, string Expected)[] Cases =
    [
        ("exit code 3", "exit code 3"),
        ("", ""),
        ("a\0b\0", "a\uFFFDb\uFFFD"),
        ("a\uD83D", "a\uFFFD"),
        ("\uDE00a\uD83Db", "\uFFFDa\uFFFDb"),
        ("\uD83D\uDE00\uDE00", "\uD83D\uDE00\uFFFD"),
    ];

    [Fact]
    public void WhatNoDatabaseHolds_IsReplaced() => Assert.All(Cases, one => Assert.Equal(one.Expected, StoredText.Of(one.Text, 100)));

    [Fact]
    public void LongText_KeepsHeadAndTailAndNoPairIsSplit()
    {
        for (var pad = 0; pad < 4; pad++)
        {
            var text = new string('x', pad) + string.Concat(Enumerable.Repeat("\U0001F600", 500_000)) + "the end";
            var kept = StoredText.Of(text, 200);

            Assert.InRange(kept.Length, 190, 200);
            Assert.StartsWith(text[..(100 + pad)], kept, StringComparison.Ordinal);
            Assert.EndsWith("\U0001F600the end", kept, StringComparison.Ordinal);
            Assert.Contains(FormattableString.Invariant($" {text.Length - 200} characters or more left out "), kept, StringComparison.Ordinal);
            Assert.DoesNotContain('\uFFFD', kept);
            Assert.Equal(kept, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(kept)));
        }
    }
}
