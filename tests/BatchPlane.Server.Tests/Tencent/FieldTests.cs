using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Server.Tencent.Fields;
using BatchPlane.Server.Tencent.Jobs;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>How requests are read by their fields, and what is stored and shown of them.</summary>
public sealed class FieldTests
{
    private static JsonObject Read(Shape shape, string json)
    {
        var (values, error) = shape.Read(JsonDocument.Parse(json).RootElement);
        Assert.Null(error);
        return values!;
    }

    [Fact]
    public void TextsForNumbersAndFlags_BecomeThem()
    {
        var task = Read(TaskShapes.Task, """{"Application":{"DeliveryForm":"LOCAL"},"TaskInstanceNum":"3","RestartComputeNode":"TRUE","MaxRetryCount":2,"Timeout":null}""");

        Assert.Equal("""{"Application":{"DeliveryForm":"LOCAL"},"TaskInstanceNum":3,"RestartComputeNode":true,"MaxRetryCount":2}""", task.ToJsonString());
    }

    [Fact]
    public void EverythingWrong_IsNamedUnderTheFirstCode()
    {
        var (_, error) = TaskShapes.Task.Read(JsonDocument.Parse("""{"TaskInstanceNum":-1,"Timeout":"soon","Nonsense":1}""").RootElement);

        Assert.Equal("InvalidParameterValue.Negative", error?.Code);
        Assert.Equal(
            "`TaskInstanceNum`: expected no negative number, given -1. `Timeout`: expected a whole number, given \"soon\". `Nonsense`: there is no such parameter. `Application`: it is required.",
            error?.Message);
    }

    [Fact]
    public void ListOfAnyLength_IsRefusedBeforeItIsRead()
    {
        var tasks = string.Join(',', Enumerable.Repeat("0", Field.DefaultMaxItems + 1));

        var (_, error) = JobShapes.Job.Read(JsonDocument.Parse($$"""{"Tasks":[{{tasks}}]}""").RootElement);

        Assert.Equal(new("InvalidParameterValue.LimitExceeded", "`Tasks`: expected at most 100000 elements, given 100001."), error);
    }

    [Fact]
    public void ValuesOfAnotherType_AreShownAsFarAsTheyHelp()
    {
        var (_, error) = TaskShapes.Task.Read(JsonDocument.Parse($$"""{"TaskName":{"a":1},"Application":{"DeliveryForm":"LOCAL"},"Timeout":"\ud800","RestartComputeNode":"{{new string('x', 100)}}\n"}""").RootElement);

        Assert.Equal(
            $"`TaskName`: expected a text, given an object. `Timeout`: expected a whole number, given a text that is no Unicode or has the character NUL. `RestartComputeNode`: expected true or false, given \"{new string('x', 60)}…\".",
            error?.Message);
    }

    [Fact]
    public void Secrets_AreMaskedInWhatIsShownAndInMessages()
    {
        var task = Read(TaskShapes.Task, """{"Application":{"DeliveryForm":"LOCAL","Docker":{"Image":"a","User":"u","Password":"geheim"}},"Authentications":[{"Scene":"COS","SecretId":"id","SecretKey":"geheim"}]}""");

        Assert.DoesNotContain("geheim", TaskShapes.Task.ToShown(task).ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("geheim", TaskShapes.Task.ToNative(task).ToJsonString(), StringComparison.Ordinal);
        var (_, error) = CommonShapes.Authentication.Read(JsonDocument.Parse("""{"Scene":"COS","SecretId":"id","SecretKey":["geheim"]}""").RootElement);
        Assert.DoesNotContain("geheim", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FieldsWithoutEffect_AreShownAndNotPassedOn()
    {
        var task = Read(TaskShapes.Task, """{"Application":{"DeliveryForm":"LOCAL"},"RestartComputeNode":true,"InputMappings":[{"SourcePath":"cos://a/","DestinationPath":"/b","MountType":"COSFS"}]}""");

        Assert.Equal("""{"Application":{"DeliveryForm":"LOCAL"},"InputMappings":[{"SourcePath":"cos://a/","DestinationPath":"/b"}]}""", TaskShapes.Task.ToNative(task).ToJsonString());
        Assert.Contains("COSFS", TaskShapes.Task.ToShown(task).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void JobThatCameByAnotherWay_IsShownInTencentsWords()
    {
        var document = new JobDocument
        {
            JobName = "native",
            Tasks = [new() { TaskName = "a", EnvId = "env-aaaaaaaa", Application = new() { Argv = ["echo", "it's", "$HOME"] } }],
            Dependences = [],
        };

        var job = SubmittedView.Job(new(JsonSerializer.Serialize(document, BatchPlaneJson.Options), null));

        Assert.Equal("native", job["JobName"]!.GetValue<string>());
        var task = job["Tasks"]![0]!;
        Assert.Equal(@"echo 'it'\''s' '$HOME'", task["Application"]!["Command"]!.GetValue<string>());
        Assert.Equal((1, "TERMINATE", 86_400, "env-aaaaaaaa"), (task["TaskInstanceNum"]!.GetValue<int>(), task["FailedAction"]!.GetValue<string>(), task["Timeout"]!.GetValue<int>(), task["EnvId"]!.GetValue<string>()));
    }
}
