"""HTTP only: parse, know who calls, call one act, answer. No rule and no SQL lives here.

Start reading at `app.py` (the application and its middleware), `table.py` (every file of routes),
`auth.py` (who may call) and `problems.py` (failure → status and text).
"""
