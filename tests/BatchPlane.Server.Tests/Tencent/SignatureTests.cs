using System.Text;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>The published test vectors of the newer signature, and the forms of its header.</summary>
public sealed class SignatureTests
{
    private const string SecretKey = "secretKEYexample";
    private const string Body = """{"JobId":"job-97zcl3wt"}""";
    private const long Timestamp = 1_760_000_000;
    private const string Date = "2025-10-09";

    [Theory]
    [InlineData("127", "127.0.0.1", "content-type;host", "31f755f5a60468e1f55ce9b10c79725c19e22e3ca95d0296459acfdb09c7e97a", "82eb19ef123172247bdb7c4f16b5d586b3b64d6470b7dc340f0b3c464496894c")]
    [InlineData("127", "127.0.0.1:8080", "content-type;host", "fc3c8fb7d3a80a456b248614189ba7836de8ab4ac74a23050c1fbb8c384b2df6", "4a20a36fa0eaf8360ca2c3b64e50dca8fa588ef18807cedbfec79c0fc483a485")]
    [InlineData("batch", "127.0.0.1:8080", "content-type;host", "fc3c8fb7d3a80a456b248614189ba7836de8ab4ac74a23050c1fbb8c384b2df6", "a6ff6e2861baa63bac7e2c1633029e870b7374d61e23a50cebb8b2fbda953d07")]
    [InlineData("localhost:8080", "localhost", "content-type;host", "db6e69840e41ce4640ff2f00e73d73b12915d9eba0ac4299b2eb0fc2372a6f2e", "8fb8e20aa2e47c9c60372f0f6104da8438d55782d4de5657b12113ab04939e92")]
    [InlineData("batch", "batch.tencentcloudapi.com", "content-type;host;x-tc-action", "2011331de0cc9d1731991089ebe5b6b4469d6a24e72b4fbbf08a177f5ec8b53b", "518099b24b10c5d45e2f5764c41be05c5e741b7a2bfcc1abed87044e5ff16dbc")]
    public void PublishedVector_GivesItsSignature(string service, string host, string signedHeaders, string canonicalHash, string signature)
    {
        var payload = SignatureV3.Hash(Encoding.UTF8.GetBytes(Body));
        var canonical = SignatureV3.CanonicalRequest("POST", "", signedHeaders, name => name switch { "host" => host, "content-type" => "application/json", _ => "DescribeJob" }, payload);
        var credential = new Credential("AKIDexample", Date, service, signedHeaders, signature);

        Assert.Equal("e3e8a78bf0126f469f73875ed7edc096177c132e7afc6d6ebfc9a97fb527f2af", payload);
        Assert.Equal(canonicalHash, SignatureV3.Hash(Encoding.UTF8.GetBytes(canonical)));
        Assert.Equal(signature, Convert.ToHexStringLower(SignatureV3.Sign(SignatureV3.SigningKey(SecretKey, Date, service), credential, Timestamp, canonical)));
    }

    [Theory]
    [InlineData("HmacSHA256", "g0xZ6oBcZgfyI2+BZcL1sTp0Vh4yClkRI5Wnks7K3Ss=")]
    [InlineData("HmacSHA1", "PFjdQZfN0S2DMBXh1RrOu9dCcFE=")]
    public void OlderSignature_IsThatOfTheClient(string algorithm, string signature)
    {
        Dictionary<string, string> parameters = new()
        {
            ["Version"] = "2017-03-12",
            ["Action"] = "DescribeJob",
            ["JobId"] = "job-97zcl3wt",
            ["Nonce"] = "11886",
            ["Region"] = "ap-local",
            ["SecretId"] = "AKIDexample",
            ["Timestamp"] = "1760000000",
            ["SignatureMethod"] = algorithm,
            ["Filters.0.Name"] = "héllo wörld",
        };

        Assert.Equal(signature, SignatureV1.Sign("POST", "127.0.0.1:8081", parameters, algorithm, SecretKey));
        Assert.NotEqual(signature, SignatureV1.Sign("GET", "127.0.0.1:8081", parameters, algorithm, SecretKey));
        Assert.Null(SignatureV1.Sign("POST", "127.0.0.1:8081", parameters, "HmacMD5", SecretKey));
    }

    [Theory]
    [InlineData("TC3-HMAC-SHA256 Credential=AKIDexample/2025-10-09/127/tc3_request, SignedHeaders=content-type;host, Signature={0}", "127")]
    [InlineData("TC3-HMAC-SHA256  Credential=AKIDexample/2025-10-09/localhost:8080/tc3_request,SignedHeaders=content-type;host,Signature={0}", "localhost:8080")]
    [InlineData("TC3-HMAC-SHA256 Credential=AKIDexample/2025-10-09/a/b/tc3_request, SignedHeaders=content-type;host, Signature={0}", "a/b")]
    public void Header_IsReadAsClientsWriteIt(string header, string service)
    {
        var signature = new string('a', 64);

        Assert.Equal(new("AKIDexample", "2025-10-09", service, "content-type;host", signature), Credential.Parse(string.Format(null, header, signature)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("SKIP")]
    [InlineData("Bearer bp_x")]
    [InlineData("TC3-HMAC-SHA256 Credential=AKID/2025-10-09/batch/tc3_request, SignedHeaders=content-type;host, Signature=short")]
    [InlineData("TC3-HMAC-SHA1 Credential=AKID/2025-10-09/batch/tc3_request, SignedHeaders=content-type;host, Signature=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void OtherHeader_IsNone(string header) => Assert.Null(Credential.Parse(header));
}
