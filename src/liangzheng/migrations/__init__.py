"""The schema's history: plain SQL, forward only. NNNN_name.sql, each in one transaction, each written once.

Within a file: tables first, foreign keys in a section at the end, so that a topology step (Citus) fits in
between. A file that has been applied anywhere is never edited. `schema.sql` is the sum, for reading.
"""
