using System.Text;
using BatchPlane.Agent.Progress;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Tests;

public sealed class ProgressLineTests
{
    private static readonly ProgressTerms Terms = new() { MaxMessageBytes = 16, MaxEventDataBytes = 64 };

    [Theory]
    [InlineData("0", 0.0, null)]
    [InlineData("100", 100.0, null)]
    [InlineData("  50\r", 50.0, null)]
    [InlineData("50%", 50.0, null)]
    [InlineData("50% half way", 50.0, "half way")]
    [InlineData("50 % half way", 50.0, "half way")]
    [InlineData("50 half way", 50.0, "half way")]
    [InlineData("29.57", 29.57, null)]
    [InlineData("99.999 nearly", 99.99, "nearly")]
    [InlineData("7 a\u0000b\u0007c", 7.0, "a b c")]
    [InlineData("7 ääääääääääääää", 7.0, "ääääääää")]
    [InlineData("""{"percent":12.5}""", 12.5, null)]
    [InlineData("""{"message":"only words"}""", null, "only words")]
    [InlineData("""{"message":"","percent":3}""", 3.0, "")]
    [InlineData("", null, null)]
    [InlineData("   ", null, null)]
    [InlineData("{}", null, null)]
    public void Understood(string line, double? percent, string? message)
    {
        var parsed = Parse(line);

        Assert.Equal(new ProgressLine(percent, message), parsed);
        Assert.Equal(percent is null && message is null, parsed.IsEmpty);
    }

    [Theory]
    [InlineData("""{"event":{"name":"checkpoint"}}""", "checkpoint", null)]
    [InlineData("""{"event":{"name":"a/b.c:d-e_1","data":{"n":[1,2.5e3,null,true,"x"]}}}""", "a/b.c:d-e_1", """{"n":[1,2.5e3,null,true,"x"]}""")]
    [InlineData("""{"event":{"data":17,"name":"n"}}""", "n", "17")]
    [InlineData("""{"event":{"name":"n","data":null}}""", "n", null)]
    public void Event_HasItsNameAndData(string line, string name, string? data)
    {
        var parsed = Parse(line);

        Assert.Equal((name, data), (parsed.Event!.Name, parsed.Event.Data?.GetRawText()));
        Assert.False(parsed.IsEmpty);
    }

    [Theory]
    [InlineData("half way", "neither a percentage nor a JSON object")]
    [InlineData("-1", "neither")]
    [InlineData("50kg", "neither")]
    [InlineData("1e1", "neither")]
    [InlineData(".", "neither")]
    [InlineData("1.2.3", "neither")]
    [InlineData("NaN", "neither")]
    [InlineData("[1]", "neither")]
    [InlineData("101", "101 is not from 0 to 100")]
    [InlineData("99999999999999999999999999999999999999", "neither")]
    [InlineData("{", "no JSON")]
    [InlineData("""{"percent":50""", "no JSON")]
    [InlineData("""{"percent":50}x""", "no JSON")]
    [InlineData("""{"percent":"50"}""", "percent is no number")]
    [InlineData("""{"percent":-0.1}""", "-0.1 is not from 0 to 100")]
    [InlineData("""{"percent":1e999}""", "1e999 is not from 0 to 100")]
    [InlineData("""{"message":7}""", "message is no text")]
    [InlineData("""{"message":"\ud800"}""", "half of a surrogate pair")]
    [InlineData("""{"percentage":1}""", "there is no member 'percentage'")]
    [InlineData("""{"event":"checkpoint"}""", "event is no object with a name")]
    [InlineData("""{"event":{"data":1}}""", "event is no object with a name")]
    [InlineData("""{"event":{"name":""}}""", "the name of an event")]
    [InlineData("""{"event":{"name":"with blank"}}""", "the name of an event")]
    [InlineData("""{"event":{"name":"n","datum":1}}""", "no member 'datum'")]
    [InlineData("""{"event":{"name":"n","data":"\u0000"}}""", "NUL")]
    [InlineData("""{"event":{"name":"n","data":{"\u0000":1}}}""", "NUL")]
    [InlineData("""{"event":{"name":"n","data":["\udc00"]}}""", "NUL")]
    [InlineData("""{"event":{"name":"n","data":1e999}}""", "NUL")]
    [InlineData("""{"event":{"name":"n","data":0e-99999999}}""", "NUL")]
    [InlineData("""{"event":{"name":"n","data":"0123456789012345678901234567890123456789012345678901234567890123"}}""", "at most 64 bytes")]
    public void NotUnderstood_SaysWhyAndSetsNothing(string line, string why)
    {
        var parsed = Parse(line);

        Assert.Contains(why, parsed.Problem, StringComparison.Ordinal);
        Assert.Equal(new ProgressLine(Problem: parsed.Problem), parsed);
    }

    [Fact]
    public void Nested_BeyondTheLimitIsNoJson()
    {
        string Nested(int depth) => """{"event":{"name":"n","data":""" + new string('[', depth) + new string(']', depth) + "}}";

        Assert.NotNull(ProgressLine.Parse(Encoding.UTF8.GetBytes(Nested(ProgressRules.MaxDepth)), new()).Event);
        Assert.NotNull(ProgressLine.Parse(Encoding.UTF8.GetBytes(Nested(ProgressRules.MaxDepth + 1)), new()).Problem);
    }

    /// <summary>A command may write anything at all there.</summary>
    [Fact]
    public void RandomBytes_NeverThrow()
    {
        var random = new Random(1);
        for (var n = 0; n < 20_000; n++)
        {
            var line = new byte[random.Next(40)];
            random.NextBytes(line);
            if (n % 2 == 0 && line.Length > 0)
            {
                line[0] = (byte)"{5\"["[n / 2 % 4];
            }

            var parsed = ProgressLine.Parse(line, Terms);
            Assert.True(parsed.Percent is null or (>= 0 and <= 100), Convert.ToHexString(line));
        }
    }

    private static ProgressLine Parse(string line) => ProgressLine.Parse(Encoding.UTF8.GetBytes(line), Terms);
}
