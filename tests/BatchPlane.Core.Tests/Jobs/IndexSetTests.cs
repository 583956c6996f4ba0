using BatchPlane.Core.Jobs;

namespace BatchPlane.Core.Tests.Jobs;

public sealed class IndexSetTests
{
    [Fact]
    public void RandomAddsAndTakes_BehaveAsASortedSetInFewRanges()
    {
        var random = new Random(1);
        var set = new IndexSet();
        var model = new SortedSet<int>();
        for (var step = 0; step < 5_000; step++)
        {
            var index = random.Next(200);
            if (random.Next(0, 3) > 0)
            {
                if (model.Add(index))
                {
                    set.Add(index);
                }
            }
            else
            {
                var wanted = random.Next(0, 5);
                Assert.Equal(model.Take(wanted).ToList(), set.TakeFirst(wanted));
                model.ExceptWith(model.Take(wanted).ToList());
            }

            Assert.Equal(model.Count, set.Count);
            Assert.Equal(model, set.Ranges.SelectMany(range => Enumerable.Range(range.First, range.Count)));
            Assert.All(set.Ranges.Zip(set.Ranges.Skip(1)), pair => Assert.True(pair.First.First + pair.First.Count < pair.Second.First));
        }
    }
}
