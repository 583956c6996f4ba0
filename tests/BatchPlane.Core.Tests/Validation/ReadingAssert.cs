using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Tests.Validation;

/// <summary>Reads documents from JSON text as the API does, and compares problems.</summary>
internal static class ReadingAssert
{
    internal static Reading<JobDocument> Job(string json) => JobDocumentReader.Read(Parse(json), new JobLimits(), new NotificationLimits());

    internal static Reading<EnvironmentDocument> Environment(string json) => EnvironmentDocumentReader.Read(Parse(json), new NotificationLimits());

    internal static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    /// <summary>A valid reading; the message lists the problems otherwise.</summary>
    internal static T Valid<T>(Reading<T> reading)
        where T : class
    {
        Assert.True(reading.IsValid, string.Join('\n', reading.Problems));
        return reading.Value;
    }

    /// <summary>Exactly one problem, here and of this code; gives its message.</summary>
    internal static string Refused<T>(Reading<T> reading, string path, string code)
        where T : class
    {
        var problem = Assert.Single(reading.Problems);
        Assert.Equal((path, code), (problem.Path, problem.Code));
        return problem.Message;
    }
}
