-- Before a statement that the planner thinks expensive and that is not: compiling it would take longer than running it. Callers: StatisticsStore, DispatchQueries, in
-- front of it in one batch, so that it holds for that alone. One row, of no interest.
SELECT set_config('jit', 'off', true)
