using System.Text;
using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>The outer form of answers, and parameters of queries and forms.</summary>
public sealed class EnvelopeTests
{
    private static string Text(ActionAnswer answer) => Encoding.UTF8.GetString(Envelope.ToBytes("0ffc9347-0000-4000-8000-000000000000", answer).Span);

    [Fact]
    public void Answers_HaveTheFormThatClientsKnow()
    {
        Assert.Equal(
            """{"Response":{"JobId":"job-4yn0we13","RequestId":"0ffc9347-0000-4000-8000-000000000000"}}""",
            Text(new(new { JobId = "job-4yn0we13" })));
        Assert.Equal("""{"Response":{"RequestId":"0ffc9347-0000-4000-8000-000000000000"}}""", Text(ActionAnswer.Done));
        Assert.Equal(
            """{"Response":{"Error":{"Code":"ResourceNotFound.Job","Message":"There is no \"job\" ☃."},"RequestId":"0ffc9347-0000-4000-8000-000000000000"}}""",
            Text(ActionAnswer.Refuse("ResourceNotFound.Job", "There is no \"job\" ☃.")));
    }

    [Fact]
    public void FlatParameters_BecomeOneDocument()
    {
        var document = FlatParameters.Unfold([new("Limit", "1"), new("Filters.1.Name", "b"), new("Filters.0.Name", "a"), new("Filters.0.Values.10", "y"), new("Filters.0.Values.2", "x"), new("Job.Tags.0", "")], 100).Document;

        Assert.Equal("""{"Limit":"1","Filters":[{"Name":"a","Values":["x","y"]},{"Name":"b"}],"Job":{"Tags":[""]}}""", document?.ToJsonString());
    }

    [Theory]
    [InlineData("A", "A")]
    [InlineData("A", "A.B")]
    [InlineData("A.B", "A")]
    [InlineData("A.0", "A.0")]
    [InlineData("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q", "A")]
    public void ContradictingParameters_AreNone(string first, string second) =>
        Assert.Equal("InvalidParameter", FlatParameters.Unfold([new(first, "1"), new(second, "2")], 100).Error?.Code);

    [Fact]
    public void MoreParametersThanAreRead_AreNone()
    {
        // Each makes a list, an object and a value.
        var parameters = Enumerable.Range(0, 50).Select(index => KeyValuePair.Create(FormattableString.Invariant($"{index}.a.b"), "")).ToList();

        Assert.NotNull(FlatParameters.Unfold(parameters, 150).Document);
        Assert.Equal("InvalidParameterValue.LimitExceeded", FlatParameters.Unfold(parameters, 149).Error?.Code);
    }
}
