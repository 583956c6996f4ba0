// Counts words in parallel through the SDK of Tencent Cloud: a topic with a queue, a job of two tasks that tells the topic, its log, and the job away again.
// Usage: node wordcount.js DEV_JSON, the file that `batchplane dev` writes.
const { readFileSync } = require('fs');
const { batch } = require('tencentcloud-sdk-nodejs/tencentcloud/services/batch');
const { tdmq } = require('tencentcloud-sdk-nodejs/tencentcloud/services/tdmq');

const dev = JSON.parse(readFileSync(process.argv[2] || '.batchplane/dev/dev.json'));
const settings = {
  credential: { secretId: dev.secret_id, secretKey: dev.secret_key },
  region: 'ap-local',
  profile: { httpProfile: { protocol: 'http://', endpoint: new URL(dev.tencent_url).host } },
};
const jobs = new batch.v20170312.Client(settings);
const topics = new tdmq.v20200217.Client(settings);

const texts = ['to be or not to be', 'that is the question'];
const count = `set -- ${texts.map(text => `'${text}'`).join(' ')}; shift $BATCH_TASK_INSTANCE_INDEX; echo "$1" | wc -w`;

// From the second run on, both are there.
async function unlessThere(made) {
  try {
    await made;
  } catch (error) {
    if (!String(error.code).startsWith('ResourceInUse')) throw error;
  }
}

async function main() {
  await unlessThere(topics.CreateCmqTopic({ TopicName: 'wordcount' }));
  await unlessThere(topics.CreateCmqSubscribe({
    TopicName: 'wordcount', SubscriptionName: 'mine', Protocol: 'queue', Endpoint: 'wordcount-events', NotifyContentFormat: 'SIMPLIFIED', FilterTag: ['succeed', 'failed'],
  }));

  const { ComputeEnvSet } = await jobs.DescribeComputeEnvs({ Filters: [{ Name: 'env-name', Values: ['local'] }] });
  const EnvId = ComputeEnvSet[0].EnvId;
  const { JobId } = await jobs.SubmitJob({
    Placement: { Zone: 'local-1' },
    Job: {
      JobName: 'wordcount',
      Tasks: [
        { TaskName: 'count', TaskInstanceNum: texts.length, EnvId, Application: { DeliveryForm: 'LOCAL', Command: count } },
        { TaskName: 'report', EnvId, Application: { DeliveryForm: 'LOCAL', Command: 'echo counted' } },
      ],
      Dependences: [{ StartTask: 'count', EndTask: 'report' }],
      Notifications: [{ TopicName: 'wordcount', EventConfigs: [{ EventName: 'JobSucceed' }, { EventName: 'JobFailed' }] }],
    },
  });

  let job;
  do {
    await new Promise(done => setTimeout(done, 200));
    job = await jobs.DescribeJob({ JobId });
  } while (!['SUCCEED', 'FAILED'].includes(job.JobState));

  const { TaskInstanceLogSet } = await jobs.DescribeTaskLogs({ JobId, TaskName: 'count' });
  const logs = TaskInstanceLogSet.map(log => Buffer.from(log.StdoutLog.split(',')[1], 'base64').toString().trim());
  console.log(`${JobId} ${job.JobState}: ${logs.join(' + ')} words`);

  await jobs.DeleteJob({ JobId });
}

main().catch(error => {
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
});
