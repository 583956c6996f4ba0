namespace BatchPlane.LocalServices;

/// <summary>A private server could not be started or stopped. The message says why and ends with the tail of its log.</summary>
public sealed class LocalServiceException : Exception
{
    /// <summary>An error without further details.</summary>
    public LocalServiceException()
    {
    }

    /// <summary>An error with the text shown to the user.</summary>
    public LocalServiceException(string message) : base(message)
    {
    }

    /// <summary>An error with the text shown to the user and what caused it.</summary>
    public LocalServiceException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
