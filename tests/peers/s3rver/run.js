// An S3-compatible server for tests: run.js DIRECTORY BUCKET… Prints its port, and ends when its standard input does.
const S3rver = require('s3rver');

const [directory, ...buckets] = process.argv.slice(2);
new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory, configureBuckets: buckets.map((name) => ({ name })) })
  .run()
  .then(({ port }) => console.log(port));
process.stdin.on('end', () => process.exit(0)).resume();
