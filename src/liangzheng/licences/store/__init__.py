"""Every statement on the tables of 0006_licences.sql, by what it serves.

`applications` · `drafting` (what the issuer claims, drafts and keeps) · `held` (live licences and phones'
credentials) ·
`lists` (status lists). A move is one statement: compare-and-set on state and `move`, with its event.
"""
