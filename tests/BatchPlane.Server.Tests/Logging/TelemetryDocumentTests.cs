using System.Diagnostics.Metrics;
using System.Reflection;
using System.Text.RegularExpressions;
using BatchPlane.Core;
using BatchPlane.Server.Agents;
using BatchPlane.Server.Deliveries;
using BatchPlane.Server.Dispatch;
using BatchPlane.Server.Events;
using BatchPlane.Server.Listeners;
using BatchPlane.Server.Loops;
using BatchPlane.Server.Metrics;
using BatchPlane.Server.Tencent.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Server.Tests.Logging;

/// <summary>docs/telemetry.md is written by hand; what it lists is compared with the code.</summary>
public sealed partial class TelemetryDocumentTests
{
    private static readonly string Document = File.ReadAllText(Repository.PathOf("docs/telemetry.md"));

    [Fact]
    public void Instruments_AreThoseOfTheDocument()
    {
        var published = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == DispatchMetrics.MeterName)
            {
                lock (published)
                {
                    published.Add(instrument.Name);
                }
            }
        };
        listener.Start();
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();

        _ = new DispatchMetrics(services.GetRequiredService<IMeterFactory>());
        _ = new DeliveryMetrics(services.GetRequiredService<IMeterFactory>());
        _ = new ProgressMetrics(services.GetRequiredService<IMeterFactory>());
        _ = new AttemptMetrics(services.GetRequiredService<IMeterFactory>());
        _ = new ListenerMetrics(services.GetRequiredService<IMeterFactory>());
        _ = new JournalMetrics(services.GetRequiredService<IMeterFactory>());
        _ = new InvariantMetrics(services.GetRequiredService<IMeterFactory>());
        _ = new TencentMetrics(services.GetRequiredService<IMeterFactory>());
        _ = new EventMetrics(services.GetRequiredService<IMeterFactory>());

        Assert.Equal(InstrumentNames().Matches(Document).Select(match => match.Groups[1].Value).Order(), published.Distinct().Order());
    }

    [Fact]
    public void LogEvents_HaveIdsOfTheirOwnInADocumentedRange()
    {
        var ids = new[] { typeof(EntityId).Assembly, typeof(ServerHost).Assembly }
            .SelectMany(assembly => assembly.GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
            .OfType<LoggerMessageAttribute>()
            .Select(attribute => attribute.EventId)
            .ToList();

        var ranges = Ranges().Matches(Document).Select(match => match.Groups[1].Value[0]).ToHashSet();

        Assert.NotEmpty(ids);
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Contains($"{id}"[0], ranges));
    }

    [GeneratedRegex(@"\| `(batchplane\.[a-z._]+)` \|")]
    private static partial Regex InstrumentNames();

    [GeneratedRegex(@"\| (\dxxx) \|")]
    private static partial Regex Ranges();
}
