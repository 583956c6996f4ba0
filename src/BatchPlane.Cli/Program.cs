using System.Runtime.InteropServices;
using BatchPlane.Agent.Keeping;
using BatchPlane.Cli;
using BatchPlane.Cli.Commands;

// No verb for people: agents start it, in many copies, and it is to start fast and stay small.
if (args is [KeeperProcess.Verb, var directory])
{
    return KeeperProcess.Run(directory, TimeProvider.System);
}

using var stopping = new CancellationTokenSource();
using var hurrying = new CancellationTokenSource();

// The first signal asks for an orderly end; everything that runs hears it through the token. A second one is for what
// takes its time to end in order: an agent. A supervisor that grows impatient sends SIGKILL.
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    if (stopping.IsCancellationRequested)
    {
        hurrying.Cancel();
    }

    stopping.Cancel();
}

using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hungUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
return await CommandTree.RunAsync(args, CliContext.ForThisProcess(hurrying.Token), stopping.Token);
