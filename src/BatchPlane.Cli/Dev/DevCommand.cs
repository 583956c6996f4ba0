using System.CommandLine;
using BatchPlane.Cli.Connections;

namespace BatchPlane.Cli.Dev;

/// <summary><c>batchplane dev</c>: everything on this machine, in the foreground, until Ctrl-C.</summary>
internal static class DevCommand
{
    private const int MostNodes = 2_000;
    private const int MostSlots = 1_024;
    private const int HighestPort = 65_535;

    internal static Command Create(CliContext context)
    {
        var data = new Option<string>("--data")
        {
            HelpName = "DIR",
            DefaultValueFactory = _ => DevInfo.DefaultDirectory,
            Description = "Directory of the stack; starting again on it goes on where it was.",
        };
        var http = Number("--http", "PORT", 0, HighestPort,
            $"Port of the REST API on 127.0.0.1; 0 takes a free one. Default: that of the last start, else {DevOptions.DefaultHttpPort} or, when that is taken, a free one.");
        var tencent = Number("--tencent", "PORT", 0, HighestPort,
            $"Port of the Tencent façade on 127.0.0.1; 0 takes a free one. Default: that of the last start, else {DevOptions.DefaultTencentPort} or, when that is taken, a free one.");
        var nodes = Number("--nodes", "N", 0, MostNodes, "Nodes of the environment 'local'. Default: 1.");
        var slots = Number("--slots", "N", 1, MostSlots, "Instances each node runs at once. Default: one for each processor.");
        var command = new Command(
            "dev", "Run private PostgreSQL and RabbitMQ, a server and local nodes in one directory, until Ctrl-C.")
        {
            data, http, tencent, nodes, slots,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var options = new DevOptions
            {
                Directory = context.Resolve(parsed.GetRequiredValue(data)),
                HttpPort = parsed.GetValue(http),
                TencentPort = parsed.GetValue(tencent),
                Nodes = parsed.GetValue(nodes) ?? 1,
                SlotsPerNode = parsed.GetValue(slots),
            };
            return RunAsync(options, context, cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(DevOptions options, CliContext context, CancellationToken cancellation)
    {
        var say = new Says(context.Out);
        try
        {
            await using var stack = await DevStack.StartAsync(options, say, context.Time, cancellation);
            Announce(context.Out, options, stack);
            await stack.SuperviseAsync(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Asked to stop while starting: what had started is stopped by now.
        }

        say.Report("stopped; nothing is left running");
        return ExitCodes.Success;
    }

    private static void Announce(TextWriter output, DevOptions options, DevStack stack)
    {
        var info = stack.Info;
        output.WriteLine(
            $"""

            BatchPlane is ready.
              REST API     {info.HttpUrl}          Swagger UI  {info.HttpUrl}/swagger
              Tencent API  {info.TencentUrl}          SecretId {info.SecretId}   SecretKey in dev.json
              RabbitMQ     {info.AmqpUrl}
              PostgreSQL   {info.PostgresUrl}
              API key      {info.ApiKey}
              server log   {stack.ServerLog}
              all of this  {Path.Combine(options.Directory, DevInfo.FileName)}
            Ctrl-C stops everything.

            """);
        output.Flush();
    }

    private static Option<int?> Number(string name, string helpName, int least, int most, string description) => new(name)
    {
        HelpName = helpName,
        Description = description,
        Validators =
        {
            result =>
            {
                if (result.GetValueOrDefault<int?>() is { } value && (value < least || value > most))
                {
                    result.AddError($"{name} wants a number from {least} to {most}.");
                }
            },
        },
    };
}
