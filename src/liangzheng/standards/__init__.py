"""Codecs and protocols, usable without the rest of the platform; imports nothing of ours.

Octets in, values out, and the other way round. No clock, no file, no network: what a check needs is handed
in.
"""
