"""Background processes: the queue (events → acts, sealing, pruning, renewals) and the issuer.

Each works in batches that are whole or not at all, so any of them may be killed at any moment and any number
may run.
SIGTERM ends one after the batch in hand.
"""
