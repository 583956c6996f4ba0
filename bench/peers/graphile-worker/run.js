// `prepare` puts COUNT jobs that do nothing into graphile-worker's tables of DATABASE_URL; `run` runs them and prints
// {"jobs":…,"seconds":…,"cpu_seconds":…}, from the start of the worker until the last job's completion is committed.
import { makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';

const connectionString = process.env.DATABASE_URL;
const count = Number(process.env.COUNT);

const pool = new pg.Pool({ connectionString, max: 1 });

async function prepare() {
  const utils = await makeWorkerUtils({ connectionString });
  await utils.migrate();
  await utils.release();

  await pool.query('truncate graphile_worker._private_jobs');
  await pool.query(
    `select 1 from graphile_worker.add_jobs(array(
       select row('noop', '{}', null, null, null, null, null, null)::graphile_worker.job_spec from generate_series(1, $1)))
     offset $1`,
    [count],
  );
  await pool.query('vacuum analyze graphile_worker._private_jobs');
}

async function execute() {
  let executed = 0;
  let finish;
  const allExecuted = new Promise((resolve) => (finish = resolve));
  const cpu = process.cpuUsage();
  const begin = process.hrtime.bigint();
  const runner = await run({
    noHandleSignals: true,
    taskList: {
      noop: () => {
        if (++executed === count) finish();
      },
    },
    preset: {
      worker: {
        connectionString,
        concurrentJobs: Number(process.env.CONCURRENCY ?? 24),
        maxPoolSize: Number(process.env.POOL ?? 25),
        pollInterval: 2000,
        preparedStatements: true,
        localQueue: { size: Number(process.env.LOCAL_QUEUE ?? 500) },
        completeJobBatchDelay: Number(process.env.BATCH_DELAY ?? 0),
        failJobBatchDelay: 0,
      },
    },
  });
  await allExecuted;
  while ((await pool.query('select from graphile_worker._private_jobs limit 1')).rowCount > 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }

  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  const used = process.cpuUsage(cpu);
  await runner.stop();
  console.log(JSON.stringify({ jobs: executed, seconds, cpu_seconds: (used.user + used.system) / 1e6 }));
}

await (process.argv[2] === 'prepare' ? prepare() : execute());
await pool.end();
