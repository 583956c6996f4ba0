using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Environments;

/// <summary><c>batchplane env render-pilot ENV</c>: what an environment submits to Slurm, as a script that can be read, and run by hand.</summary>
internal static class RenderPilotCommand
{
    internal static Command Create(ClientCommands client)
    {
        var id = new Argument<string>("ENV") { Description = "Id of the environment, env-…" };
        return client.Create("render-pilot", "Show the script that makes nodes of a Slurm environment; submits nothing.", [id], async call =>
        {
            var answer = await call.Api.GetAsync<PilotView>(EnvironmentRoutes.Pilot(call.GetSegment(id)), call.Cancellation);
            if (call.AsJson)
            {
                Json.Write(call.Context, answer.Json);
                return ExitCodes.Success;
            }

            // On the other stream, so that the script alone can be kept.
            call.Context.Error.WriteLine($"# env -i {string.Join(' ', answer.Value.Variables.Select(variable => $"{variable.Key}={variable.Value}"))} {string.Join(' ', answer.Value.Command)} <script");
            call.Context.Out.Write(answer.Value.Script);
            return ExitCodes.Success;
        });
    }
}
