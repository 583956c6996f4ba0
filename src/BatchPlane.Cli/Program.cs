using System.Runtime.InteropServices;
using BatchPlane.Cli;
using BatchPlane.Cli.Commands;

using var stopping = new CancellationTokenSource();

// The first signal asks for an orderly end; everything that runs hears it through the token. A supervisor that grows
// impatient sends SIGKILL, so further signals change nothing.
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stopping.Cancel();
}

using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hungUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
return await CommandTree.RunAsync(args, CliContext.ForThisProcess(), stopping.Token);
