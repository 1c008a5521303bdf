"""The web apps in a real browser, for their tests, their pictures and their benchmark: a demonstration of its own, Debian's
Chromium, and the acts of people by what they read on the screen.

Playwright is a tool of the builders: it is imported where it is used, and runs Debian's browser, never one it fetched.
"""
