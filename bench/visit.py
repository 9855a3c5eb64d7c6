"""What a first visit costs a browser: what comes over the line, and how soon the page can be used."""

import statistics
import subprocess
import time
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from bench.installation import Installation
from workspace.config import ROOT

VISITS = 5
WATCH = """
window.shift = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => window.shift += entry.value))
  .observe({type: "layout-shift", buffered: true});
"""
# The deferred scripts have run by then: what is pressed is heard.
USABLE = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


def visits(installation: Installation, port: int) -> dict[str, dict[str, float]]:
    """Bytes as they came, requests, layout shift, and milliseconds until it can be used: medians of first visits."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox", "--disable-gpu"])
        addresses = {"sign-in": "/sign-in", **{name: installation.place.address(name) for name in ("feed", "overview")}}
        found = {}
        for name, address in addresses.items():
            cookie = "" if name == "sign-in" else installation.cookie
            seen = [_visit(browser, f"http://127.0.0.1:{port}", address, cookie) for _each in range(VISITS + 1)][1:]
            found[name] = {key: round(statistics.median(each[key] for each in seen), 4) for key in seen[0]}
        browser.close()
    return found


def _visit(browser: Browser, site: str, address: str, cookie: str) -> dict[str, float]:
    context = browser.new_context(locale="da-DK")
    if cookie:
        context.add_cookies([{"name": "samspil", "value": cookie, "url": site}])
    page = context.new_page()
    page.add_init_script(WATCH)
    requests: list[str] = []
    received: list[Any] = []
    page.on("request", lambda request: requests.append(request.url))
    network = context.new_cdp_session(page)
    network.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    network.send("Network.enable")
    answer = page.goto(site + address)
    assert answer is not None
    assert answer.status == 200, answer.status
    assert page.url == site + address, page.url
    page.wait_for_load_state("load")
    begin = time.monotonic()
    while time.monotonic() - begin < 0.7:  # for what the page asks for by itself
        page.wait_for_timeout(50)
    seen = {
        "bytes": sum(received),
        "requests": len([url for url in requests if url.startswith("http")]),
        "shift": page.evaluate("window.shift"),
        "milliseconds": page.evaluate(USABLE),
    }
    context.close()
    return seen


def _chromium() -> str:
    return subprocess.run([ROOT / "scripts" / "browser"], check=True, capture_output=True, text=True).stdout.strip()
