namespace BatchPlane.Simulation.Tests;

public sealed class SimulationTests
{
    private const int Seeds = 300;

    [Fact]
    public void AnySeed_KeepsEveryPromise()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var outcome = Simulation.Run(seed);
            Assert.True(outcome.Violation is null, outcome.ToString());
        }
    }
}
