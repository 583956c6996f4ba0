using System.Text;
using BatchPlane.Server.Outputs;

namespace BatchPlane.Server.Tests.Outputs;

public sealed class OutputSnapshotTests
{
    [Fact]
    public async Task FileThatGrows_KeepsItsLength()
    {
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, "first");
        await using var snapshot = new OutputSnapshot(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        await File.AppendAllTextAsync(path, " second");

        using var copy = new MemoryStream();
        await snapshot.CopyToAsync(copy);

        Assert.Equal(("first", 5L), (Encoding.UTF8.GetString(copy.ToArray()), snapshot.Length));
        File.Delete(path);
    }
}
