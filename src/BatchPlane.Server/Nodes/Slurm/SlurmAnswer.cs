namespace BatchPlane.Server.Nodes.Slurm;

/// <summary>What became of a command of Slurm's.</summary>
internal abstract record SlurmAnswer
{
    private SlurmAnswer()
    {
    }

    /// <summary>It was done.</summary>
    /// <param name="Output">What the command wrote to its standard output.</param>
    internal sealed record Done(string Output) : SlurmAnswer;

    /// <summary>Slurm understood and refused; nothing was done.</summary>
    /// <param name="Words">Slurm's words, on one line.</param>
    internal sealed record Refused(string Words) : SlurmAnswer;

    /// <summary>Slurm could not be asked, or did not answer in time: whether anything was done is not known.</summary>
    /// <param name="Words">What happened, on one line.</param>
    internal sealed record Unreachable(string Words) : SlurmAnswer;
}
