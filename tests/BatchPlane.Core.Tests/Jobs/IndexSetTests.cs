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
            var choice = random.Next(0, 6);
            if (choice < 3)
            {
                if (model.Add(index))
                {
                    set.Add(index);
                }
            }
            else if (choice == 3)
            {
                var count = random.Next(0, 12);
                var expected = model.Where(member => member >= index && member < index + count).ToList();
                Assert.Equal(expected, set.Remove(index, count).SelectMany(range => Enumerable.Range(range.First, range.Count)));
                model.ExceptWith(expected);
            }
            else
            {
                var wanted = random.Next(0, 5);
                Assert.Equal(model.Take(wanted).ToList(), set.TakeFirst(wanted));
                model.ExceptWith(model.Take(wanted).ToList());
            }

            Assert.Equal(model.Count, set.Count);
            Assert.Equal(model.Contains(index), set.Contains(index));
            Assert.Equal(model, set.Ranges.SelectMany(range => Enumerable.Range(range.First, range.Count)));
            Assert.All(set.Ranges.Zip(set.Ranges.Skip(1)), pair => Assert.True(pair.First.First + pair.First.Count < pair.Second.First));
        }
    }
}
