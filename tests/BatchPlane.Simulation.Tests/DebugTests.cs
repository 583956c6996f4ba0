namespace BatchPlane.Simulation.Tests;
public sealed class DebugTests
{
    [Fact]
    public void Dump()
    {
        if (Environment.GetEnvironmentVariable("DUMP") is { } seed)
        {
            var o = Simulation.Run(int.Parse(seed), keepsTrace: true);
            File.WriteAllText("/tmp/trace.txt", o.ToString());
        }
        if (Environment.GetEnvironmentVariable("MANY") is { } many)
        {
            var w = System.Diagnostics.Stopwatch.StartNew();
            var lines = new List<string>();
            long steps = 0, rep = 0;
            for (var n = 0; n < int.Parse(many); n++) { var o = Simulation.Run(n); steps += o.Steps; rep += o.Repeats; if (o.Violation is { } v) lines.Add($"{n}: {v.Message}"); }
            lines.Add($"{w.Elapsed} {steps} steps {rep} repeats");
            File.WriteAllLines("/tmp/many.txt", lines);
        }
    }
}
