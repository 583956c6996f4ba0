namespace BatchPlane.Server.Tests.Configuration;

/// <summary>docs/configuration.md is made from the code; set BATCHPLANE_UPDATE_GOLDEN=1 to write it anew.</summary>
public sealed class ConfigurationDocumentTests
{
    [Fact]
    public void Document_SaysWhatTheClassesSay()
    {
        var path = Repository.PathOf("docs/configuration.md");
        if (Environment.GetEnvironmentVariable("BATCHPLANE_UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, ConfigurationDocument.Text());
        }

        Assert.Equal(File.ReadAllText(path), ConfigurationDocument.Text());
    }
}
