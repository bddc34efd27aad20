"""ComfyUI's editor in a headless Chromium, which loads workflows and says which prompts it makes of them."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Dialog, Page, Route, async_playwright

ARGUMENTS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync",
]  # fmt: skip
SCRIPTS = [(Path(__file__).parent / name).read_text() for name in ("edits.js", "editor.js")]
LOCAL = ("127.0.0.1", "localhost", "")
PATIENCE = 120_000.0


class Editor:
    """A page with the editor in it."""

    def __init__(self, page: Page, url: str) -> None:
        self.errors: list[str] = []
        self._page = page
        self._url = url
        page.on("pageerror", lambda fault: self.errors.append(str(fault)))
        page.on("dialog", _answer)

    async def open(self) -> None:
        """Load the page anew, which forgets what the last workflows have left behind."""
        await self._page.goto(self._url)
        await self._page.wait_for_function("window.app?.vueAppReady && window.app?.graph && window.app?.extensionManager")
        for script in SCRIPTS:
            await self._page.evaluate(script)

    async def prompt_of(self, workflow: dict[str, Any]) -> dict[str, Any]:
        """Return the prompt that the editor makes of a workflow: what "Export (API)" saves."""
        return dict(await self._page.evaluate("(workflow) => editorTruth.promptOf(workflow)", workflow))

    async def saved(self, workflow: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Return the workflow as the editor saves it, by the version of the format."""
        return dict(await self._page.evaluate("(workflow) => editorTruth.saved(workflow)", workflow))

    async def edited(self, workflow: dict[str, Any], word: str) -> tuple[list[str], dict[str, Any]]:
        """Edit a workflow at random, though always alike for the same word; return the names of the edits, and it as it is saved."""
        done = await self._page.evaluate("([workflow, word]) => editorTruth.edited(workflow, word)", [workflow, word])
        return done["edits"], done["workflow"]

    async def names(self) -> dict[str, str]:
        """Return what the editor calls a node that nobody has named, by its class."""
        return dict(await self._page.evaluate("() => editorTruth.names()"))


@asynccontextmanager
async def editor(url: str) -> AsyncIterator[Editor]:
    """Yield the editor that a ComfyUI serves, in a browser that reaches nothing but this machine."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise SystemExit("There is no Chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            page = await browser.new_page(viewport={"width": 480, "height": 320}, locale="en-US", timezone_id="UTC")
            page.set_default_timeout(PATIENCE)
            await page.route("**/*", _only_local)
            await page.add_init_script("(() => { let seed = 1; Math.random = () => (seed = (seed * 16807) % 2147483647) / 2147483647; })()")
            found = Editor(page, url)
            await found.open()
            yield found
        finally:
            await browser.close()


async def _only_local(route: Route) -> None:
    if (urlsplit(route.request.url).hostname or "") in LOCAL:
        await route.continue_()
    else:
        await route.abort()


async def _answer(dialog: Dialog) -> None:
    """Leave the page where it asks whether to, and decline anything else."""
    await (dialog.accept() if dialog.type == "beforeunload" else dialog.dismiss())
