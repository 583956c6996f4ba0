-- Takes a block of 256 task ids: the value and the 255 after it. Caller: IdBlock.
SELECT nextval('task_id_seq')
