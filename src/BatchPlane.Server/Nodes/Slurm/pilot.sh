# The agent of one node of {{env_id}}; which one says the index in the array. It ends by itself when the node is not wanted any more.
set -eu
set -- {{node_ids}}
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
[ -n "$memory" ] || [ -z "${SLURM_MEM_PER_CPU:-}" ] || memory=$((SLURM_MEM_PER_CPU * {{cpus}}))

{{program}} agent --server {{server}} --node-id "$node" --dir "$directory/work" \
  --slots {{slots}} --cpu {{cpus}} ${memory:+--memory-mib "$memory"} \
  --give-up-seconds {{give_up_seconds}} &
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
