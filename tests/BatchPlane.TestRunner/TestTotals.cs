using System.Globalization;
using System.Xml.Linq;

namespace BatchPlane.TestRunner;

/// <summary>The sum of all result files (<c>.trx</c>) in a directory.</summary>
internal sealed record TestTotals(int Passed, int Failed, int Skipped)
{
    internal static TestTotals Read(string directory)
    {
        // Outcomes are counted one by one: the file's own counters do not count what xunit skipped.
        var outcomes = Directory.GetFiles(directory, "*.trx", SearchOption.AllDirectories)
            .SelectMany(file => XDocument.Load(file).Descendants().Where(element => element.Name.LocalName == "UnitTestResult"))
            .Select(result => (string?)result.Attribute("outcome"))
            .ToList();
        var passed = outcomes.Count(outcome => outcome == "Passed");
        var skipped = outcomes.Count(outcome => outcome == "NotExecuted");
        return new TestTotals(passed, outcomes.Count - passed - skipped, skipped);
    }

    /// <summary>The line that ends a test run.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Passed} passed, {Failed} failed, {Skipped} skipped");
}
