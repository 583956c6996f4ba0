namespace BatchPlane.Bench;

/// <summary>A benchmark could not be run, in words for whoever started it.</summary>
internal sealed class BenchFailure(string message) : Exception(message);
