using System.Text;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Topics;
using BatchPlane.Server.Dispatch.Bus;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Call = BatchPlane.Server.Tests.Tencent.TencentFixture.Call;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>Topics, subscriptions and messages of CMQ, in a real broker and seen by the REST API.</summary>
public sealed class TopicActionTests(TencentFixture server) : IClassFixture<TencentFixture>
{
    private const string Tdmq = "2020-02-17";
    private const string Cmq = "2019-03-04";

    [Fact]
    public async Task Topic_IsMadeDescribedChangedAndRemoved()
    {
        var id = (await CallAsync("CreateCmqTopic", """{"TopicName":"Story","FilterType":1,"MsgRetentionSeconds":3600,"Trace":true,"Tags":[{"TagKey":"team","TagValue":"a"}]}""")).GetProperty("TopicId").GetString();
        await CallAsync("CreateCmqTopic", """{"TopicName":"story-2"}""");
        await CallAsync("ModifyCmqTopicAttribute", """{"TopicName":"story","MaxMsgSize":2048}""");

        var topic = (await CallAsync("DescribeCmqTopicDetail", """{"TopicName":"STORY"}""")).GetProperty("TopicDescribe");
        Assert.Equal((id, "Story", 2_048, 3_600, 1, true, 0), (
            topic.GetProperty("TopicId").GetString(), topic.GetProperty("TopicName").GetString(), topic.GetProperty("MaxMsgSize").GetInt32(), topic.GetProperty("MsgRetentionSeconds").GetInt32(),
            topic.GetProperty("FilterType").GetInt32(), topic.GetProperty("Trace").GetBoolean(), topic.GetProperty("SubscriptionCount").GetInt32()));
        Assert.True(topic.GetProperty("LastModifyTime").GetInt64() >= topic.GetProperty("CreateTime").GetInt64());
        Assert.Equal("Story", (await server.GetAsync<TopicView>("/v1/topics/story")).TopicName);
        Assert.Equal(["Story", "story-2"], Names(await CallAsync("DescribeCmqTopics", """{"TopicName":"TORY"}""")));
        Assert.Equal(["story-2"], Names(await CallAsync("DescribeCmqTopics", """{"TopicName":"tory","Offset":1,"Limit":1}""")));
        Assert.Equal(["Story"], Names(await CallAsync("DescribeCmqTopics", """{"IsTagFilter":true,"Filters":[{"Name":"tag:team","Values":["b","a"]}]}""")));
        Assert.Equal(["story-2"], Names(await CallAsync("DescribeCmqTopics", """{"TopicNameList":["Story-2","none"]}""")));
        var older = (await CallAsync("DescribeTopicDetail", """{"TopicName":"story","TagKey":"team"}""", Cmq)).GetProperty("TopicSet");
        Assert.Equal(topic.GetProperty("CreateTime").GetInt64() / 1_000, Assert.Single(older.EnumerateArray()).GetProperty("CreateTime").GetInt64());

        await CallAsync("DeleteCmqTopic", """{"TopicName":"story"}""");
        Assert.Equal("ResourceNotFound.Topic", await RefusalAsync("DescribeCmqTopicDetail", """{"TopicName":"story"}"""));
    }

    [Fact]
    public async Task Tags_DecideWhatAQueueGets()
    {
        await CallAsync("CreateCmqTopic", """{"TopicName":"tagged"}""");
        await SubscribeAsync("tagged", "all", "");
        await SubscribeAsync("tagged", "some", ""","FilterTag":["red","blue"]""");

        await CallAsync("PublishCmqMsg", """{"TopicName":"tagged","MsgContent":"none"}""");
        await CallAsync("PublishCmqMsg", """{"TopicName":"tagged","MsgContent":"disjoint","MsgTag":["green"]}""");
        var sent = await CallAsync("PublishCmqMsg", """{"TopicName":"tagged","MsgContent":"ünïcode ☃","MsgTag":["green","blue"]}""");
        var batch = await CallAsync("BatchPublishMessage", """{"TopicName":"tagged","MsgBody":["one","two"],"MsgTag":["red"]}""", Cmq);

        Assert.True(sent.GetProperty("Result").GetBoolean());
        Assert.Equal(["none", "disjoint", "ünïcode ☃", "one", "two"], (await TakeAsync("q-tagged-all")).Select(message => message.Text));
        var taken = await TakeAsync("q-tagged-some");
        Assert.Equal(["ünïcode ☃", "one", "two"], taken.Select(message => message.Text));
        Assert.Equal([sent.GetProperty("MsgId").GetString(), .. batch.GetProperty("MsgList").EnumerateArray().Select(message => message.GetProperty("MsgId").GetString())], taken.Select(message => message.Id));

        await CallAsync("ClearCmqSubscriptionFilterTags", """{"TopicName":"tagged","SubscriptionName":"some"}""");
        await CallAsync("PublishCmqMsg", """{"TopicName":"tagged","MsgContent":"cleared"}""");
        Assert.Equal("cleared", Assert.Single(await TakeAsync("q-tagged-some")).Text);

        await CallAsync("DeleteCmqSubscribe", """{"TopicName":"tagged","SubscriptionName":"SOME"}""");
        await CallAsync("PublishCmqMsg", """{"TopicName":"tagged","MsgContent":"gone"}""");
        Assert.Empty(await TakeAsync("q-tagged-some"));
    }

    [Fact]
    public async Task BindingKeys_DecideWhatAQueueGets()
    {
        await CallAsync("CreateCmqTopic", """{"TopicName":"routed","FilterType":2}""");
        await SubscribeAsync("routed", "word", ""","BindingKey":["1.*.0"]""");
        await SubscribeAsync("routed", "words", ""","BindingKey":["1.#.0"]""");

        foreach (var key in new[] { "1.0", "1.2.0", "1.2.3.0" })
        {
            await CallAsync("PublishCmqMsg", $$"""{"TopicName":"routed","MsgContent":"{{key}}","MsgTag":["{{key}}"]}""");
        }

        Assert.Equal(["1.2.0"], (await TakeAsync("q-routed-word")).Select(message => message.Text));
        Assert.Equal(["1.0", "1.2.0", "1.2.3.0"], (await TakeAsync("q-routed-words")).Select(message => message.Text));
    }

    /// <summary>A binding key that reads like a tag is a key all the same where subscriptions choose by keys.</summary>
    [Fact]
    public async Task KeyThatReadsLikeATag_StaysAKey()
    {
        await CallAsync("CreateCmqTopic", """{"TopicName":"keyed","FilterType":2}""");
        await SubscribeAsync("keyed", "one", ""","BindingKey":["#.red.#"]""");
        await CallAsync("ClearCmqSubscriptionFilterTags", """{"TopicName":"keyed","SubscriptionName":"one"}""");
        await CallAsync("PublishCmqMsg", """{"TopicName":"keyed","MsgContent":"blue","MsgTag":["a.blue"]}""");

        foreach (var query in (string[])["""{"TopicName":"keyed"}""", """{"QueryType":"queue","QueueName":"q-keyed-one"}"""])
        {
            var shown = (await CallAsync("DescribeCmqSubscriptionDetail", query)).GetProperty("SubscriptionSet")[0];
            Assert.Equal(("[\"#.red.#\"]", "[]"), (shown.GetProperty("BindingKey").GetRawText(), shown.GetProperty("FilterTags").GetRawText()));
        }

        Assert.Empty(await TakeAsync("q-keyed-one"));
    }

    /// <summary>Two who changed what both had read; and one who read a topic that was made anew since.</summary>
    [Fact]
    public async Task ChangesAtOnce_AreBothKept()
    {
        await CallAsync("CreateCmqTopic", """{"TopicName":"shared","MsgRetentionSeconds":600}""");
        var store = server.Services.GetRequiredService<TopicStore>();
        var createdAt = (await store.FindAsync("shared", default))!.CreatedAt;

        Assert.True(await store.ChangeAsync("Shared", createdAt, """{"MaxMsgSize":2048}""", "{}", default));
        Assert.True(await store.ChangeAsync("shared", createdAt, """{"Trace":true}""", "{}", default));
        Assert.False(await store.ChangeAsync("shared", createdAt.AddSeconds(-1), """{"Trace":false}""", "{}", default));

        var topic = (await CallAsync("DescribeCmqTopicDetail", """{"TopicName":"shared"}""")).GetProperty("TopicDescribe");
        Assert.Equal((2_048, 600, true, 1), (
            topic.GetProperty("MaxMsgSize").GetInt32(), topic.GetProperty("MsgRetentionSeconds").GetInt32(), topic.GetProperty("Trace").GetBoolean(), topic.GetProperty("FilterType").GetInt32()));
    }

    [Fact]
    public async Task SizeThatNobodyNamed_IsShownAndLimitsNoEvents()
    {
        using var made = await server.PostAsync("/v1/topics", """{"topic_name":"size-native"}""");
        await CallAsync("ModifyCmqTopicAttribute", """{"TopicName":"size-native","Trace":true}""");
        await CallAsync("CreateCmqTopic", """{"TopicName":"size-none"}""");
        await CallAsync("CreateCmqTopic", """{"TopicName":"size-given","MaxMsgSize":65536}""");

        var shown = (await CallAsync("DescribeCmqTopics", """{"TopicName":"size-"}""")).GetProperty("TopicList").EnumerateArray().Select(topic => topic.GetProperty("MaxMsgSize").GetInt32());
        Assert.Equal([65_536, 65_536, 65_536], shown);
        Assert.Equal(1, await server.CountAsync("topics WHERE topic_key LIKE 'size-%' AND tencent ->> 'MaxMsgSize' IS NOT NULL"));
    }

    [Fact]
    public async Task TopicOfTheRestApi_KeepsItsBindingKeysWhenChanged()
    {
        using var made = await server.PostAsync("/v1/topics", """{"topic_name":"native"}""");

        await CallAsync("ModifyCmqTopicAttribute", """{"TopicName":"native","Trace":true}""");

        var topic = (await CallAsync("DescribeCmqTopicDetail", """{"TopicName":"native"}""")).GetProperty("TopicDescribe");
        Assert.Equal((2, true), (topic.GetProperty("FilterType").GetInt32(), topic.GetProperty("Trace").GetBoolean()));
    }

    /// <summary>Who publishes while a topic is deleted must not make its exchange again; who publishes to one whose exchange is missing gets it back.</summary>
    [Fact]
    public async Task MissingExchange_IsMadeForATopicOnly()
    {
        await CallAsync("CreateCmqTopic", """{"TopicName":"lost"}""");
        await SubscribeAsync("lost", "all", "");
        await using var connection = await new ConnectionFactory { Uri = server.AmqpUri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.ExchangeDeleteAsync("lost");
        var publisher = server.Services.GetRequiredService<NoticePublisher>();

        Assert.Equal(NoticeOutcome.NoTopic, (await publisher.MessagesAsync("deleted", "", ["x"u8.ToArray()], default)).Outcome);
        await Assert.ThrowsAsync<OperationInterruptedException>(() => channel.ExchangeDeclarePassiveAsync("deleted"));
        await CallAsync("PublishCmqMsg", """{"TopicName":"lost","MsgContent":"found"}""");
        Assert.Equal("found", Assert.Single(await TakeAsync("q-lost-all")).Text);
    }

    [Fact]
    public async Task ManyAtOnce_AllArrive()
    {
        await CallAsync("CreateCmqTopic", """{"TopicName":"crowded"}""");
        await SubscribeAsync("crowded", "all", "");

        var sent = await Task.WhenAll(Enumerable.Range(0, 60).Select(number => CallAsync("PublishCmqMsg", $$"""{"TopicName":"crowded","MsgContent":"{{number}}"}""")));

        Assert.Equal(sent.Select(answer => answer.GetProperty("MsgId").GetString()).Order(), (await TakeAsync("q-crowded-all")).Select(message => message.Id).Order());
    }

    [Fact]
    public async Task Subscription_IsDescribedAndChanged()
    {
        await CallAsync("CreateCmqTopic", """{"TopicName":"described"}""");
        await SubscribeAsync("described", "first", ""","FilterTag":["red"],"NotifyContentFormat":"SIMPLIFIED","NotifyStrategy":"BACKOFF_RETRY" """);
        await SubscribeAsync("described", "second", "");
        await CallAsync("ModifyCmqSubscriptionAttribute", """{"TopicName":"described","SubscriptionName":"first","FilterTags":["blue","green"],"NotifyStrategy":"BACKOFF_RETRY"}""");

        var set = (await CallAsync("DescribeCmqSubscriptionDetail", """{"TopicName":"described","SubscriptionName":"IRS"}""")).GetProperty("SubscriptionSet");
        var first = Assert.Single(set.EnumerateArray());
        Assert.Equal(("first", "queue", "q-described-first", "SIMPLIFIED"), (
            first.GetProperty("SubscriptionName").GetString(), first.GetProperty("Protocol").GetString(), first.GetProperty("Endpoint").GetString(), first.GetProperty("NotifyContentFormat").GetString()));
        Assert.Equal(["blue", "green"], first.GetProperty("FilterTags").EnumerateArray().Select(tag => tag.GetString()));
        var ofQueue = await CallAsync("DescribeCmqSubscriptionDetail", """{"QueryType":"queue","QueueName":"q-described-second"}""");
        Assert.Equal((1, "second"), (ofQueue.GetProperty("TotalCount").GetInt32(), ofQueue.GetProperty("SubscriptionSet")[0].GetProperty("SubscriptionName").GetString()));
        Assert.Equal(["first", "second"], (await server.GetAsync<TopicView>("/v1/topics/described")).Subscriptions.Select(subscription => subscription.SubscriptionName));
    }

    [Fact]
    public async Task NamelessSubscriptionOfTheRestApi_HasItsIdForAName()
    {
        await CallAsync("CreateCmqTopic", """{"TopicName":"nameless"}""");
        using var response = await server.PostAsync("/v1/topics/nameless/subscriptions", """{"protocol":"queue","endpoint":"q-nameless","binding":"job.*"}""");
        var id = (await ServerFixture.ReadAsync<SubscriptionView>(response)).SubscriptionId;

        var shown = (await CallAsync("DescribeCmqSubscriptionDetail", """{"TopicName":"nameless"}""")).GetProperty("SubscriptionSet")[0];
        await CallAsync("DeleteCmqSubscribe", $$"""{"TopicName":"nameless","SubscriptionName":"{{id}}"}""");

        Assert.Equal((id, "job.*"), (shown.GetProperty("SubscriptionName").GetString(), shown.GetProperty("BindingKey")[0].GetString()));
        Assert.Empty((await server.GetAsync<TopicView>("/v1/topics/nameless")).Subscriptions);
    }

    [Fact]
    public async Task Refusal_HasTencentsCode()
    {
        await CallAsync("CreateCmqTopic", """{"TopicName":"refused","MaxMsgSize":1024}""");
        await CallAsync("CreateCmqTopic", """{"TopicName":"refused-2","FilterType":2}""");
        await SubscribeAsync("refused", "taken", "");
        const string Queue = """ "Protocol":"queue","Endpoint":"q-refused" """;
        (string Action, string Body, string Code)[] calls =
        [
            ("CreateCmqTopic", """{"TopicName":"REFUSED"}""", "ResourceInUse.Topic"),
            ("CreateCmqTopic", """{"TopicName":"1st"}""", "InvalidParameter.NotificationTopicName"),
            ("CreateCmqTopic", """{"TopicName":"t","FilterType":0}""", "InvalidParameterValue"),
            ("CreateCmqTopic", """{"TopicName":"t","MaxMsgSize":1023}""", "InvalidParameterValue"),
            ("CreateCmqTopic", "{}", "MissingParameter"),
            ("ModifyCmqTopicAttribute", """{"TopicName":"none","Trace":true}""", "ResourceNotFound.Topic"),
            ("DeleteCmqTopic", """{"TopicName":"none"}""", "ResourceNotFound.Topic"),
            ("DescribeCmqTopics", """{"Filters":[{"Name":"zone","Values":["a"]}]}""", "InvalidParameterValue.InvalidFilter"),
            ("PublishCmqMsg", """{"TopicName":"none","MsgContent":"x"}""", "ResourceNotFound.Topic"),
            ("PublishCmqMsg", """{"TopicName":"refused","MsgContent":""}""", "InvalidParameterValue"),
            ("PublishCmqMsg", $$"""{"TopicName":"refused","MsgContent":"{{new string('x', 1_025)}}"}""", "InvalidParameterValue"),
            ("PublishCmqMsg", """{"TopicName":"refused","MsgContent":"x","MsgTag":["a.b"]}""", "InvalidParameterValue"),
            ("PublishCmqMsg", """{"TopicName":"refused-2","MsgContent":"x","MsgTag":["a","b"]}""", "InvalidParameter.InvalidParameterCombination"),
            ("PublishCmqMsg", """{"TopicName":"refused-2","MsgContent":"x","MsgTag":["a.*"]}""", "InvalidParameterValue"),
            ("CreateCmqSubscribe", $$"""{"TopicName":"none","SubscriptionName":"s",{{Queue}}}""", "ResourceNotFound.Topic"),
            ("CreateCmqSubscribe", $$"""{"TopicName":"refused","SubscriptionName":"Taken",{{Queue}}}""", "ResourceInUse.Subscription"),
            ("CreateCmqSubscribe", """{"TopicName":"refused","SubscriptionName":"other","Protocol":"queue","Endpoint":"q-refused-taken"}""", "ResourceInUse.Subscription"),
            ("CreateCmqSubscribe", $$"""{"TopicName":"refused","SubscriptionName":"1st",{{Queue}}}""", "InvalidParameterValue"),
            ("CreateCmqSubscribe", $$"""{"TopicName":"refused","SubscriptionName":"s","NotifyContentFormat":"JSON",{{Queue}}}""", "InvalidParameterValue"),
            ("CreateCmqSubscribe", $$"""{"TopicName":"refused","SubscriptionName":"s","NotifyStrategy":"NEVER",{{Queue}}}""", "InvalidParameterValue"),
            ("CreateCmqSubscribe", $$"""{"TopicName":"refused","SubscriptionName":"s","BindingKey":["a"],{{Queue}}}""", "InvalidParameter.InvalidParameterCombination"),
            ("CreateCmqSubscribe", $$"""{"TopicName":"refused-2","SubscriptionName":"s","FilterTag":["a"],{{Queue}}}""", "InvalidParameter.InvalidParameterCombination"),
            ("CreateCmqSubscribe", $$"""{"TopicName":"refused","SubscriptionName":"s","FilterTag":["#"],{{Queue}}}""", "InvalidParameterValue"),
            ("CreateCmqSubscribe", """{"TopicName":"refused","SubscriptionName":"s","Protocol":"email","Endpoint":"a@example.org"}""", "InvalidParameterValue"),
            ("CreateCmqSubscribe", """{"TopicName":"refused","SubscriptionName":"s","Protocol":"http","Endpoint":"http://127.0.0.1:1/"}""", "InvalidParameterValue"),
            ("ModifyCmqSubscriptionAttribute", """{"TopicName":"refused","SubscriptionName":"none"}""", "ResourceNotFound"),
            ("ClearCmqSubscriptionFilterTags", """{"TopicName":"none","SubscriptionName":"none"}""", "ResourceNotFound.Topic"),
            ("DeleteCmqSubscribe", """{"TopicName":"refused","SubscriptionName":"none"}""", "ResourceNotFound"),
            ("DescribeCmqSubscriptionDetail", "{}", "MissingParameter"),
            ("DescribeCmqSubscriptionDetail", """{"QueryType":"queue"}""", "MissingParameter"),
            ("DescribeCmqSubscriptionDetail", """{"QueryType":"user"}""", "InvalidParameterValue"),
            ("RewindCmqQueue", "{}", "InvalidAction"),
        ];
        foreach (var (action, body, code) in calls)
        {
            Assert.Equal((body, code), (body, await RefusalAsync(action, body)));
        }
    }

    private async Task SubscribeAsync(string topic, string name, string more) => await
        CallAsync("CreateCmqSubscribe", $$"""{"TopicName":"{{topic}}","SubscriptionName":"{{name}}","Protocol":"queue","Endpoint":"q-{{topic}}-{{name}}"{{more}}}""");

    private async Task<JsonElement> CallAsync(string action, string body, string version = Tdmq)
    {
        var answer = await server.SendAsync(new Call { Version = version, Action = action, Body = body });
        Assert.False(answer.TryGetProperty("Error", out var error), $"{action} {body}: {error}");
        return answer;
    }

    private async Task<string> RefusalAsync(string action, string body) => TencentFixture.CodeOf(await server.SendAsync(new Call { Version = Tdmq, Action = action, Body = body }));

    private static IEnumerable<string?> Names(JsonElement answer) => answer.GetProperty("TopicList").EnumerateArray().Select(topic => topic.GetProperty("TopicName").GetString());

    /// <summary>What lies in a queue: what is published is there when the answer comes.</summary>
    private async Task<IReadOnlyList<(string Id, string Text)>> TakeAsync(string queue)
    {
        await using var connection = await new ConnectionFactory { Uri = server.AmqpUri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        var taken = new List<(string, string)>();
        while (await channel.BasicGetAsync(queue, autoAck: true) is { } message)
        {
            taken.Add((message.BasicProperties.MessageId!, Encoding.UTF8.GetString(message.Body.Span)));
        }

        return taken;
    }
}
