-- Makes the partition for one day, unless it is there. Caller: JournalStore, behind journal_change.sql. Parameters: @day, UTC.
-- Row: how many rows of that day were moved into it out of events_default. Locks events_default.
SELECT journal_ensure_partition(@day::date)
