using System.Globalization;
using Serilog;
using Serilog.Events;

namespace BatchPlane.Server.Logging;

/// <summary>Logs to standard output: one readable line for people on a terminal, one JSON object a line for machines otherwise.</summary>
internal static class ServerLogging
{
    private const string Line = "{Timestamp:HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}{Exception}";

    internal static void AddTo(ILoggingBuilder logging, IConfiguration? configuration)
    {
        var builder = new LoggerConfiguration()
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft.AspNetCore", LogEventLevel.Warning)
            .MinimumLevel.Override("Microsoft.EntityFrameworkCore", LogEventLevel.Warning)
            .MinimumLevel.Override("System", LogEventLevel.Warning);
        if (configuration is not null)
        {
            var root = new ConfigurationBuilder().AddInMemoryCollection(configuration.AsEnumerable(makePathsRelative: true)
                .Select(pair => KeyValuePair.Create($"Serilog:{pair.Key}", pair.Value))).Build();
            builder.ReadFrom.Configuration(root);
        }

        builder = Console.IsOutputRedirected
            ? builder.WriteTo.Console(new JsonLine())
            : builder.WriteTo.Console(outputTemplate: Line, formatProvider: CultureInfo.InvariantCulture);
        logging.ClearProviders();
        logging.AddSerilog(builder.CreateLogger(), dispose: true);
    }
}
