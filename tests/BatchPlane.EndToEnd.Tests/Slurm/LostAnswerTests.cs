namespace BatchPlane.EndToEnd.Tests.Slurm;

/// <summary>Submissions whose answers get lost on the way.</summary>
public sealed class LostAnswerTests(LostAnswerTests.Stack stack) : IClassFixture<LostAnswerTests.Stack>
{
    [Fact]
    public async Task PilotSubmittedButNeverHeardOf_IsAdoptedByItsName()
    {
        var envId = await stack.CreateEnvironmentAsync("lost", nodes: 2);

        await stack.RunningAsync(envId, 2);

        Assert.Equal(2, (await stack.QueueAsync()).Count(line => line.Contains(envId, StringComparison.Ordinal)));
        Assert.True(File.Exists(stack.Lost), "no answer was lost");
        await stack.DeleteEnvironmentAsync(envId);
        await stack.NoPilotOfAsync(envId);
    }

    /// <summary>A Slurm whose <c>sbatch</c> submits and then says that it got no answer.</summary>
    public sealed class Stack : SlurmStack
    {
        public Stack() => SubmitProgram = $$"""
            #!/bin/sh
            case " $* " in *" --test-only "*) exec /usr/bin/sbatch "$@" ;; esac
            /usr/bin/sbatch "$@" >{{Lost}}
            echo "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)" >&2
            exit 1
            """;

        /// <summary>What <c>sbatch</c> really answered.</summary>
        internal string Lost => Path.Combine(WorkDirectory, "lost");
    }
}
