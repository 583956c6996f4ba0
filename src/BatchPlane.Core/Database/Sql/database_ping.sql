-- Answers when the database serves. Caller: the server's readiness check.
SELECT 1
