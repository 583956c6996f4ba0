using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>The same two requests, through the Tencent façade and through the REST API of the same server, in turn.</summary>
internal sealed class Tencent : IBench
{
    private const string Rest = "rest";
    private const int Clients = 8;

    // Until the runtime has compiled what runs often for the last time.
    private const int WarmUpSeconds = 10;

    public string Name => "tencent";

    public string Summary => "DescribeJob and SubmitJob a second by 8 clients through the Tencent façade, signed; against the same through the REST API";

    public IReadOnlyList<Target> Targets { get; } = [Target.RatioAtLeast("describe", must: 0.8, aim: 0.95), Target.RatioAtLeast("submit", must: 0.8, aim: 0.95)];

    public async Task RunAsync(BenchContext context)
    {
        var url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Loopback.FreePort()}");
        var (secretId, secretKey) = ("AKID" + RandomNumberGenerator.GetHexString(32), RandomNumberGenerator.GetHexString(32));
        var shape = new StackShape
        {
            Agents = [0],
            Options = new Dictionary<string, string>
            {
                ["BATCHPLANE_TENCENT"] = url,
                ["BATCHPLANE_BOOTSTRAP_SECRET_ID"] = secretId,
                ["BATCHPLANE_BOOTSTRAP_SECRET_KEY"] = secretKey,
            },
        };
        await using var stack = await BenchStack.StartAsync(context, shape);
        using var facade = new FacadeClient(url, secretId, secretKey);
        var environment = await stack.Client.EnvironmentAsync(context.Cancellation);
        var submit = $$"""{"Placement":{"Zone":"local-1"},"Job":{"JobName":"bench","Tasks":[{"TaskName":"t","EnvId":"{{environment}}","Application":{"DeliveryForm":"LOCAL","Command":"true"} }]} }""";
        var restSubmit = $$"""{"job_name":"bench","tasks":[{"task_name":"t","env_id":"{{environment}}","application":{"delivery_form":"LOCAL","command":"true"} }]}""";
        using var submitted = JsonDocument.Parse(await facade.CallAsync("SubmitJob", submit, context.Cancellation));
        var job = submitted.RootElement.GetProperty("Response").GetProperty("JobId").GetString()!;

        await CompareAsync("describe", () => facade.CallAsync("DescribeJob", $$"""{"JobId":"{{job}}"}""", context.Cancellation), () => stack.Client.JobAsync(job, context.Cancellation), context);
        await CompareAsync("submit", () => facade.CallAsync("SubmitJob", submit, context.Cancellation), () => stack.Client.SubmitAsync(restSubmit, context.Cancellation), context);
    }

    private async Task CompareAsync(string figure, Func<Task> byFacade, Func<Task> byRest, BenchContext context)
    {
        await RateAsync(byFacade, context.Count(WarmUpSeconds, 0));
        await RateAsync(byRest, context.Count(WarmUpSeconds, 0));
        var (rates, ofRest) = (new List<double>(), new List<double>());
        for (var run = 0; run < context.Runs; run++)
        {
            ofRest.Add(await RateAsync(byRest, context.Count(5, 1)));
            rates.Add(await RateAsync(byFacade, context.Count(5, 1)));
        }

        BenchContext.Say(FormattableString.Invariant($"  {figure}: {Statistics.Median(rates):0} a second, {Statistics.Median(ofRest):0} by REST"));
        context.Report(Figure.Of(Name, figure, Statistics.Median(rates), "requests/s", Rest, ofRest));
    }

    private static async Task<double> RateAsync(Func<Task> request, int seconds)
    {
        var begin = Stopwatch.GetTimestamp();
        var sent = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => SendAsync()));
        return sent.Sum() / Stopwatch.GetElapsedTime(begin).TotalSeconds;

        async Task<int> SendAsync()
        {
            var count = 0;
            while (Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds)
            {
                await request();
                count++;
            }

            return count;
        }
    }
}
