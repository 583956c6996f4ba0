// Calls through the SDK of Tencent Cloud: a JSON line {"product","action","request","endpoint","secretId","secretKey",…} on standard input each, and on standard output
// a line {"response"} or {"error":{"code","message","requestId","traceId"}} each. The SDK itself is as it came: only the clock is set for "shift" seconds.
const clients = {
  batch: () => require('tencentcloud-sdk-nodejs/tencentcloud/services/batch').batch.v20170312.Client,
  tdmq: () => require('tencentcloud-sdk-nodejs/tencentcloud/services/tdmq').tdmq.v20200217.Client,
  cmq: () => require('tencentcloud-sdk-nodejs/tencentcloud/services/cmq').cmq.v20190304.Client,
};
const { CommonClient } = require('tencentcloud-sdk-nodejs/tencentcloud/common/common_client');

function clientOf(call) {
  const settings = {
    credential: { secretId: call.secretId, secretKey: call.secretKey, token: call.token },
    region: call.region,
    profile: { signMethod: call.signMethod, httpProfile: { protocol: 'http://', endpoint: call.endpoint, reqMethod: call.method || 'POST' } },
  };
  return call.version ? new CommonClient('unused', call.version, settings) : new (clients[call.product]())(settings);
}

async function answer(call) {
  const RealDate = Date;
  if (call.shift) {
    globalThis.Date = class extends RealDate {
      constructor(...args) { super(...(args.length ? args : [RealDate.now() + call.shift * 1000])); }
      static now() { return RealDate.now() + call.shift * 1000; }
    };
  }
  try {
    const client = clientOf(call);
    const method = call.version ? undefined : client[call.action];
    return { response: method ? await method.call(client, call.request) : await client.request(call.action, call.request) };
  } catch (error) {
    return { error: { code: error.code || '', message: error.message, requestId: error.requestId, traceId: error.traceId, http: error.httpCode } };
  } finally {
    globalThis.Date = RealDate;
  }
}

// Calls of a line that is a list are made at the same time.
(async () => {
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    const calls = JSON.parse(line);
    console.log(JSON.stringify(Array.isArray(calls) ? await Promise.all(calls.map(answer)) : await answer(calls)));
  }
})();
