-- Takes a block of 256 claim ids: the value and the 255 after it. Caller: IdBlock.
SELECT nextval('claim_id_seq')
