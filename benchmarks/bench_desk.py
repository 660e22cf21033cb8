"""The desk in Chromium: from a key to the next component painted, and what it asks of the network.

    python -m benchmarks.bench_desk             (about two minutes)
    python -m benchmarks.bench_desk --publish   and write docs/benchmarks.md

A script in the page presses keys and waits, by requestAnimationFrame and a task after that frame,
until another component is painted. Between keys it changes one digit in the page's head and waits
for that in the same way: what that takes is what the machine takes. The slow server is the same
one behind a line that holds back everything that is sent to it for 300 ms.
"""

import argparse
import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from app.actions import accounts, importing
from app.actions.context import make_context
from app.domain.accounts import Role
from app.settings import Settings
from app.storage import migrate
from app.worker.demo import demo_recording
from benchmarks.report import machine, milliseconds, publish, table
from benchmarks.serving import free_port, serving
from tests.browser.site import PASSWORD, Desk, Visit
from tests.support.chromium import ARGUMENTS, ensure_chromium

LABELS = 200
THINKING_MS = 150
SLOW_S = 0.3
RECORDINGS = 3

MEASURED = {
    "key to next component painted": "times",
    "of it the page's own code": "handled",
    "one digit changed and painted, then": "plain",
}

PRESS_AND_WATCH = """
async ({labels, thinking}) => {
  const work = document.querySelector("[data-work]");
  const channel = new MessageChannel();
  const task = () => new Promise((resolve) => { channel.port1.onmessage = resolve; channel.port2.postMessage(0); });
  const painted = async () => { await new Promise(requestAnimationFrame); await task(); };
  const shown = () => work.dataset.component;
  const times = [], handled = [], plain = [];
  const mark = document.createElement("span");
  document.querySelector("header").append(mark);
  const began = performance.now();
  for (let count = 0; count < labels; count += 1) {
    if (thinking) await new Promise((resolve) => setTimeout(resolve, thinking * (0.7 + 0.6 * Math.random())));
    const before = shown();
    const pressed = performance.now();
    const digit = String(1 + count % 4);
    document.dispatchEvent(new KeyboardEvent("keydown", {key: digit, code: `Digit${digit}`, bubbles: true}));
    handled.push(performance.now() - pressed);
    do await painted(); while (!shown() || shown() === before);
    times.push(performance.now() - pressed);
    if (!thinking) continue;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const changed = performance.now();
    mark.textContent = String(count % 10);
    await painted();
    plain.push(performance.now() - changed);
  }
  return {times, handled, plain, seconds: (performance.now() - began) / 1000};
}
"""  # noqa: E501


@dataclass
class Traffic:
    """What the page has asked of the API since it was made."""

    requests: int = 0
    received: int = 0
    _wanted: set[str] = field(default_factory=set)

    def watch(self, page: Page) -> None:
        """Count from now on."""
        devtools = page.context.new_cdp_session(page)
        devtools.on("Network.requestWillBeSent", self._sent)
        devtools.on("Network.loadingFinished", self._finished)
        devtools.send("Network.enable")

    def _sent(self, event: dict[str, Any]) -> None:
        if "/api/v1/" in event["request"]["url"]:
            self._wanted.add(event["requestId"])
            self.requests += 1

    def _finished(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self._wanted:
            self.received += int(event["encodedDataLength"])


@contextmanager
def slowed(port: int, seconds: float) -> Iterator[int]:
    """A port that passes everything on to this one, what is sent to it after some seconds."""
    own = free_port()
    loop = asyncio.new_event_loop()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait: float) -> None:
        while content := await reader.read(1 << 16):
            await asyncio.sleep(wait)
            writer.write(content)
            await writer.drain()
        writer.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", port)
        both = (pump(reader, behind_writer, seconds), pump(behind_reader, writer, 0))
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*both, return_exceptions=True)

    async def end_all() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    # Playwright has a loop of its own in this thread, so ours is set to work in another.
    starting = asyncio.start_server(meet, "127.0.0.1", own)
    asyncio.run_coroutine_threadsafe(starting, loop).result(5)
    try:
        yield own
    finally:
        asyncio.run_coroutine_threadsafe(end_all(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


def prepare(data_dir: Path, labelers: int) -> None:
    """A database with some of the demo's recordings and people who label."""
    context = make_context(Settings(data_dir=data_dir, database_url=None, _env_file=None))
    migrate.upgrade(context.database)
    for number in range(RECORDINGS):
        importing.store(context, None, [demo_recording(number)], source="bench")
    for number in range(labelers):
        secret = accounts.add_person(context, f"labeler {number}", Role.LABELER)
        accounts.accept_invite(context, secret, f"labeler {number}", PASSWORD)
    context.database.dispose()


def label(browser: Browser, port: int, name: str, thinking_ms: float) -> tuple[Any, Traffic]:
    """One labeler's 200 labels: what the page measured, and its traffic."""
    visit = Visit(browser, f"http://127.0.0.1:{port}").sign_in(name)
    traffic = Traffic()
    traffic.watch(visit.page)
    desk = Desk(visit.page)
    desk.component()
    # Long enough for what comes next to be here and drawn.
    visit.page.wait_for_timeout(3000)
    given = {"labels": LABELS, "thinking": thinking_ms}
    found = visit.page.evaluate(PRESS_AND_WATCH, given)
    desk.all_saved()
    visit.window.close()
    return found, traffic


def measure(browser: Browser, port: int) -> list[list[str]]:
    """Every figure, as table rows."""
    rows = []
    with slowed(port, SLOW_S) as slow_port:
        ways = ((port, "fast server"), (slow_port, f"server slowed by {SLOW_S * 1e3:.0f} ms"))
        for number, (way, words) in enumerate(ways):
            found, traffic = label(browser, way, f"labeler {number}", THINKING_MS)
            for what, name in MEASURED.items():
                seconds = [time / 1e3 for time in found[name]]
                rows.append([f"{what}, {words}", f"{milliseconds(seconds)} ms"])
            if number == 0:
                # What was fetched ahead and not yet labeled is counted too.
                share = 100 / LABELS
                rows.append(["requests per 100 components", f"{traffic.requests * share:.0f}"])
                received = traffic.received * share / 1e6
                rows.append(["received per 100 components", f"{received:.1f} MB"])
        for number, (way, words) in enumerate(ways, len(ways)):
            found, _ = label(browser, way, f"labeler {number}", 0)
            rate = LABELS / found["seconds"] * 60
            rows.append([f"labels a minute without thinking, {words}", f"{rate:,.0f}"])
    return rows


def main() -> None:
    """Measure and print; with --publish also write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--publish", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="somata-bench-") as temporary:
        prepare(Path(temporary), labelers=4)
        with serving(Path(temporary)) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=ensure_chromium(), args=list(ARGUMENTS)
            )
            rows = measure(browser, server.port)
            browser.close()
    text = "\n\n".join((machine(), table((f"{LABELS} labels each", "median / p95"), rows)))
    print(text)
    if options.publish:
        publish("bench_desk", text)


if __name__ == "__main__":
    main()
