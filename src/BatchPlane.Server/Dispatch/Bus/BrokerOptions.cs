using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Server.Dispatch.Bus;

/// <summary>How the connection to RabbitMQ is kept up. Section <c>Broker</c>.</summary>
public sealed class BrokerOptions
{
    /// <summary>Default of <see cref="ReconnectMin"/>.</summary>
    public static readonly TimeSpan DefaultReconnectMin = TimeSpan.FromMilliseconds(250);

    /// <summary>Default of <see cref="ReconnectMax"/>.</summary>
    public static readonly TimeSpan DefaultReconnectMax = TimeSpan.FromSeconds(10);

    /// <summary>Default of <see cref="RequestTimeout"/>.</summary>
    public static readonly TimeSpan DefaultRequestTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Default of <see cref="NoticeChannels"/>.</summary>
    public const int DefaultNoticeChannels = 8;

    /// <summary>First wait after a lost connection; doubled each time, with jitter. 10 ms to 1 minute; default 250 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan ReconnectMin { get; set; } = DefaultReconnectMin;

    /// <summary>Longest wait between two tries to connect. 10 ms to 10 minutes; default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:10:00")]
    public TimeSpan ReconnectMax { get; set; } = DefaultReconnectMax;

    /// <summary>How long to wait for the broker's answer to a connect or a declaration. 1 second to 5 minutes; default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan RequestTimeout { get; set; } = DefaultRequestTimeout;

    /// <summary>
    /// Channels that are kept for what is published beside events: tests of topics and messages of the Tencent façade. So many are published at once; the others wait, at most
    /// <see cref="RequestTimeout"/>. 1 to 100; default 8.
    /// </summary>
    [Range(1, 100)]
    public int NoticeChannels { get; set; } = DefaultNoticeChannels;
}
