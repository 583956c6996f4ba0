using System.Text.Json;
using BatchPlane.Core.Catalogue;

namespace BatchPlane.Core.Tests.Notifications;

/// <summary>docs/events.md is made from the catalogue; set BATCHPLANE_UPDATE_GOLDEN=1 to write it anew.</summary>
public sealed class EventDocumentTests
{
    public static TheoryData<string> Names => [.. EventCatalogue.All.Select(kind => kind.Name)];

    [Fact]
    public void Document_SaysWhatTheCatalogueSays()
    {
        var path = Repository.PathOf("docs/events.md");
        if (Environment.GetEnvironmentVariable("BATCHPLANE_UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, EventDocument.Text());
        }

        Assert.Equal(File.ReadAllText(path), EventDocument.Text());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void GoldenMessage_HasOnlyDocumentedKeysInTheirOrder(string name)
    {
        var kind = EventCatalogue.Find(name)!;
        var documented = EventPayload.KeysOf(kind.Level).Where(key => key.IsOf(kind)).ToList();

        var keys = KeysOfGolden(name);

        Assert.Equal(documented.Select(key => key.Name).Where(keys.Contains), keys);
        Assert.Empty(documented.Where(key => key.When is null).Select(key => key.Name).Except(keys));
    }

    [Fact]
    public void EveryDocumentedKey_IsInAGoldenMessage() => Assert.All(
        EventCatalogue.All.GroupBy(kind => kind.Level),
        level => Assert.Empty(EventPayload.KeysOf(level.Key).Select(key => key.Name).Except(level.SelectMany(kind => KeysOfGolden(kind.Name)).Concat(KeysOfGolden(EventDocument.NodeOfATask)))));

    private static List<string> KeysOfGolden(string name)
    {
        using var message = JsonDocument.Parse(File.ReadAllBytes(EventDocument.GoldenPath(name)));
        return [.. message.RootElement.GetProperty("Events")[0].GetProperty("Batch").EnumerateObject().Select(member => member.Name)];
    }
}
