using BatchPlane.EndToEnd.Tests.Stack;

namespace BatchPlane.EndToEnd.Tests.Tencent;

/// <summary>One stack and one process with the SDK for all of these tests.</summary>
public sealed class SdkFixture : IAsyncLifetime
{
    internal const string Collection = "Tencent's SDK";

    internal StackFixture Stack { get; } = new();

    internal Sdk Sdk { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await Stack.InitializeAsync();
        Sdk = await Sdk.StartAsync(Stack.Info);
    }

    public async Task DisposeAsync()
    {
        await Sdk.DisposeAsync();
        await Stack.DisposeAsync();
    }
}

/// <summary>Tests that share the stack and the SDK, one after the other.</summary>
[CollectionDefinition(SdkFixture.Collection)]
public sealed class SdkTestsOfOneStack : ICollectionFixture<SdkFixture>;
