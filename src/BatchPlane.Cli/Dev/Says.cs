namespace BatchPlane.Cli.Dev;

/// <summary>Writes lines at once and whole, whichever thread they come from, unlike <see cref="Progress{T}"/>, which posts them.</summary>
internal sealed class Says(TextWriter output) : IProgress<string>
{
    private readonly Lock _oneAtATime = new();

    /// <inheritdoc />
    public void Report(string value)
    {
        lock (_oneAtATime)
        {
            output.WriteLine(value);
            output.Flush();
        }
    }
}
