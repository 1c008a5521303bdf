"""What the pages' policy stops: scripts that were planted, other hosts, being framed, markup made of text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import looks
from tests.browser.conftest import Watched

FACES = ("driver", "verify", "staff", "open")


@pytest.mark.parametrize("face", FACES)
def test_a_planted_script_does_not_run(open_page: Callable[..., Any], watched: Watched, face: str) -> None:
    page = open_page(face)
    for made in (
        "const script = document.createElement('script'); script.append('window.planted = 1')",
        "const script = document.createElement('img'); script.setAttribute('onerror', 'window.planted = 1'); script.src = '/none'",
    ):
        page.evaluate(
            f"() => {{ try {{ {made}; document.body.append(script) }} catch (stopped) {{ window.stopped = 1 }} }}"
        )
    # In a task of its own: what is evaluated from outside may do what the page may not.
    refused = page.evaluate(
        "() => new Promise((done) => setTimeout(() => { try { done(Function('return 1')()) } catch (why) { done(`${why}`) } }))"
    )
    looks.settle(page)
    assert "EvalError" in refused
    assert page.evaluate("() => window.planted") is None
    watched.hear(page, "Content Security Policy", "requires 'Trusted")


@pytest.mark.parametrize("face", ["driver", "verify"])
def test_text_becomes_no_markup(open_page: Callable[..., Any], watched: Watched, face: str) -> None:
    page = open_page(face)
    refused = page.evaluate(
        "() => { try { document.body.insertAdjacentHTML('beforeend', '<b>x</b>') } catch (why) { return `${why}` } }"
    )
    assert "TrustedHTML" in refused
    watched.hear(page, "TrustedHTML")


def test_another_host_is_not_asked(open_page: Callable[..., Any], watched: Watched) -> None:
    page = open_page("driver")
    refused = page.evaluate(
        "() => fetch('http://open.localhost:9/').then(() => 'asked', (why) => String(why))"
    )
    assert "TypeError" in refused
    watched.hear(page, "http://open.localhost:9/")


def test_the_watch_hears_of_another_host(open_page: Callable[..., Any], watched: Watched) -> None:
    page = open_page("open")
    page.goto("data:text/html,<img src='http://elsewhere.localhost:9/x.png'>")
    watched.hear(page, "asked another host: http://elsewhere.localhost")


def test_a_log_in_is_out_of_reach_of_scripts(open_page: Callable[..., Any], holder: Any) -> None:
    page = open_page("driver", inside=holder.context)
    assert page.evaluate("() => document.cookie") == ""
    [cookie] = [each for each in holder.context.cookies() if each["name"] == "__Host-lz"]
    assert cookie["httpOnly"]
    assert cookie["secure"]
    assert cookie["sameSite"] == "Strict"
    kept = page.evaluate("() => JSON.stringify({ ...localStorage, ...sessionStorage })")
    assert cookie["value"] not in kept


def test_the_phones_key_cannot_be_read_out(open_page: Callable[..., Any], holder: Any) -> None:
    page = open_page("driver", inside=holder.context)
    refused = page.evaluate(
        """() => new Promise((answer) => {
          const opened = indexedDB.open('liangzheng')
          opened.onsuccess = () => {
            const asked = opened.result.transaction('kept').objectStore('kept').get('key')
            asked.onsuccess = () => crypto.subtle.exportKey('pkcs8', asked.result.pair.privateKey)
              .then(() => answer('read'), (why) => answer(why.name))
              .finally(() => opened.result.close())
          }
        })"""
    )
    assert refused == "InvalidAccessError"
