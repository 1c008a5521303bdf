"""Words every context shares: values checked at birth, tables handed in, no third party.

Nothing here reads a clock, a file or a socket; what changes with the world (divisions, holidays)
is loaded in `liangzheng.infra` and handed in. Import the modules:
`from liangzheng.kernel.people import PersonName`.
"""
