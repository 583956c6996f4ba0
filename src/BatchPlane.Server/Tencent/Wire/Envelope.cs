using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using BatchPlane.Server.Tencent.Actions;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>
/// The one form of all answers: <c>{"Response":{…,"RequestId":"…"}}</c>, always with status 200 and exactly <c>application/json</c>, since clients stumble over
/// anything else. <c>Error</c> is there only when there is one.
/// </summary>
internal static class Envelope
{
    private const string ContentType = "application/json";
    private const string TraceHeader = "X-TC-TraceId";
    private const int MaxTraceLength = 128;

    private static readonly JsonSerializerOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.Strict,
    };

    /// <summary>Sends the bytes of an answer.</summary>
    internal static async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = ContentType;
        context.Response.ContentLength = body.Length;
        if (context.Request.Headers[TraceHeader] is [{ Length: > 0 and <= MaxTraceLength } trace] && trace.All(c => c is > ' ' and <= '~'))
        {
            context.Response.Headers[TraceHeader] = trace;
        }

        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>The bytes of an answer. Parts of one may be made only here: it throws what they throw.</summary>
    internal static ReadOnlyMemory<byte> ToBytes(string requestId, ActionAnswer answer)
    {
        object value = answer.Error is { } error ? new { Error = new { error.Code, error.Message } } : answer.Value;
        var members = JsonSerializer.SerializeToUtf8Bytes(value, value.GetType(), Options).AsSpan();
        var buffer = new ArrayBufferWriter<byte>(members.Length + 80);
        buffer.Write("{\"Response\":"u8);
        buffer.Write(members[..^1]);
        buffer.Write(members.Length > 2 ? ",\"RequestId\":\""u8 : "\"RequestId\":\""u8);
        buffer.Write(System.Text.Encoding.ASCII.GetBytes(requestId));
        buffer.Write("\"}}"u8);
        return buffer.WrittenMemory;
    }
}
