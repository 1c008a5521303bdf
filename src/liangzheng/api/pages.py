"""Plain HTML pages made on the server: no script, no outside request, one style allowed by its hash."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Final

from starlette.responses import HTMLResponse

STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --ink: #14304f; --paper: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #dbe9ff; --paper: #10151c; } }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1.5rem; }
body { color: var(--ink); background: var(--paper); }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.15rem; margin-top: 2rem; }
a { color: inherit; } code, pre { font: .9em ui-monospace, monospace; }
pre { overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem; padding: .75rem; }
.notice { border: 2px solid #b45309; border-radius: .4rem; padding: .25rem 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; }
tr { border-bottom: 1px solid var(--line); }
nav { display: flex; gap: 1rem; flex-wrap: wrap; }
"""

_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def page(title: str, body: str, *, language: str = "zh-CN") -> HTMLResponse:
    """A whole page around `body`, which is HTML already: escape what goes into it."""
    html = (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
    return HTMLResponse(html, headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY})
