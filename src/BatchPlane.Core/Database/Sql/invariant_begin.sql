-- Before an invariant is looked at. Caller: InvariantChecker, in a transaction of its own. Parameters: @limit_ms: after so many milliseconds PostgreSQL breaks the query off.
-- One row: true; false when another server looks just now. The number is BatchPlane's own, arbitrary. Locks it until the transaction ends.
SELECT
    pg_try_advisory_xact_lock(7230019640553),
    set_config('statement_timeout', @limit_ms::text, true),
    set_config('jit', 'off', true)
