-- How many topics there are. Caller: TopicStore. Locks nothing.
SELECT count(*)
FROM topics;
