using System.Runtime.InteropServices;
using BatchPlane.LocalServices;
using BatchPlane.TestRunner;

// run CONFIGURATION [FILTER]   every test project, against one pair of private servers; the last line sums up
// serve [DIRECTORY]            only the servers: prints where they are, stops them when its standard input ends
using var stop = new CancellationTokenSource();
void OnSignal(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
try
{
    return args switch
    {
        ["run", var configuration] => await TestRun.RunAsync(configuration, filter: null, stop.Token),
        ["run", var configuration, var filter] => await TestRun.RunAsync(configuration, filter, stop.Token),
        ["serve"] => await ServiceHost.ServeTemporaryAsync(stop.Token),
        ["serve", var directory] => await ServiceHost.ServeAsync(directory, stop.Token),
        _ => Usage(),
    };
}
catch (Exception exception) when (exception is LocalServiceException or InvalidOperationException)
{
    await Console.Error.WriteLineAsync(exception.Message);
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}

static int Usage()
{
    Console.Error.WriteLine("usage: run CONFIGURATION [FILTER] | serve [DIRECTORY]");
    return 2;
}
