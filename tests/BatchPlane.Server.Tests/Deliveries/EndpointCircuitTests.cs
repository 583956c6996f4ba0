using BatchPlane.Server.Deliveries;
using BatchPlane.Server.Tests.Dispatch;

namespace BatchPlane.Server.Tests.Deliveries;

public sealed class EndpointCircuitTests
{
    private readonly SetTime _time = new(DispatchWorld.Now);
    private readonly EndpointCircuit _circuit;

    public EndpointCircuitTests() => _circuit = new(
        new DeliveryOptions { PauseAfter = 3, PauseMin = TimeSpan.FromSeconds(1), PauseMax = TimeSpan.FromSeconds(3) },
        _time);

    [Fact]
    public async Task FailuresInARow_PauseLongerAndLongerUntilAProbeSucceeds()
    {
        Fail(2);
        _circuit.Succeeded();
        Fail(2);
        var afterOthers = await PassesAsync();
        Fail(1);

        Assert.True(afterOthers);
        foreach (var pause in (int[])[1, 2, 3, 3])
        {
            Assert.Equal((TimeSpan.FromSeconds(pause), false), (_circuit.Remaining, await PassesAsync()));
            _time.Advance(TimeSpan.FromSeconds(pause));
            Assert.Equal((true, false), (await PassesAsync(), await PassesAsync()));
            Fail(1);
        }

        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.True(await PassesAsync());
        _circuit.Succeeded();
        Assert.Equal((TimeSpan.Zero, true, true), (_circuit.Remaining, await PassesAsync(), await PassesAsync()));
    }

    [Fact]
    public async Task FailureOfWhatWasUnderWay_DoesNotLengthenThePause()
    {
        Fail(3);
        Fail(5);

        Assert.Equal((TimeSpan.FromSeconds(1), false), (_circuit.Remaining, await PassesAsync()));
    }

    [Fact]
    public async Task ProbeThatWasNotSent_LetsAnotherPass()
    {
        Fail(3);
        _time.Advance(TimeSpan.FromSeconds(1));
        await PassesAsync();
        var beside = await PassesAsync();
        _circuit.Abandoned();

        Assert.Equal((false, true), (beside, await PassesAsync()));
    }

    private void Fail(int times)
    {
        for (var failure = 0; failure < times; failure++)
        {
            _circuit.Failed();
        }
    }

    private Task<bool> PassesAsync() => _circuit.WaitAsync(TimeSpan.Zero, default);
}
