#!/bin/sh
#SBATCH --job-name=batchplane:0a1b2c3d:env-00000001:groupgrp
#SBATCH --comment=batchplane:0a1b2c3d:env-00000001:groupgrp=node-0000000a:0
#SBATCH --array=0-0
#SBATCH --chdir=/tmp
#SBATCH --output=/tmp/batchplane-%A_%a.log
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --no-requeue
#SBATCH --signal=B:TERM@60
# The agent of one node of env-00000001; which one says the index in the array. It ends by itself when the node is not wanted any more.
set -eu
set -- node-0000000a
shift "$SLURM_ARRAY_TASK_ID"
node=$1
directory=$(mktemp -d "$PWD/batchplane-$node-XXXXXX")

agent=
stopped=
stop() {
  stopped=yes
  [ -z "$agent" ] || kill -TERM "$agent" 2>/dev/null || true
}
trap stop TERM INT

# Where Slurm gives memory by the processor, all of them together are the node's.
memory=${SLURM_MEM_PER_NODE:-}
[ -n "$memory" ] || [ -z "${SLURM_MEM_PER_CPU:-}" ] || memory=$((SLURM_MEM_PER_CPU * 1))

'/usr/bin/batchplane' agent --server 'http://control:8080' --node-id "$node" --dir "$directory/work" \
  --slots 1 --cpu 1 ${memory:+--memory-mib "$memory"} \
  --give-up-seconds 900 &
agent=$!
[ -z "$stopped" ] || stop

# A signal ends the wait, not the agent, which gives back first what it holds.
status=0
wait "$agent" || status=$?
while kill -0 "$agent" 2>/dev/null; do
  status=0
  wait "$agent" || status=$?
done

rm -rf "$directory"
exit "$status"
