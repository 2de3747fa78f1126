"""A real browser at the desk, and the pictures it takes for the guide."""

from __future__ import annotations

import io
import os
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

PICTURES = os.environ.get("GRADER_PICTURES", "")
"""Folder to write the guide's pictures into; nothing is written where it is empty."""
WIDE, NARROW = {"width": 1100, "height": 760}, {"width": 390, "height": 800}


class Visitor:
    """One person's browser window; whatever the page complains of is kept."""

    def __init__(self, browser: Browser, address: str, *, narrow: bool = False) -> None:
        self.context = browser.new_context(viewport=NARROW if narrow else WIDE)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.root = address.partition("/?")[0]
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.goto(address)
        self.ready()

    def ready(self) -> None:
        self.page.wait_for_selector("body[data-ready=yes]")

    def go(self, path: str) -> None:
        self.page.goto(self.root + path)
        self.ready()

    def press(self, *keys: str) -> None:
        """Press keys that mark, and wait for what each does."""
        for key in keys:
            with self.page.expect_response(lambda response: response.request.method == "POST"):
                self.page.keyboard.press(key)
            self.settled()

    def settled(self) -> None:
        self.page.wait_for_selector("body:not(:has(.htmx-request, .htmx-swapping, .htmx-settling))")
        self.ready()

    def left(self) -> str:
        return self.page.locator("#progress span").inner_text()

    def notice(self) -> str:
        return self.page.locator("#notice").inner_text()

    def picture(self, name: str, *, height: int | None = None) -> None:
        """For the guide: in few colours, so that it stays small."""
        if not PICTURES:
            return
        size = self.page.viewport_size
        assert size is not None
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"]}
        image = Image.open(io.BytesIO(self.page.screenshot(clip=clip)))  # type: ignore[arg-type]
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        image.convert("RGB").quantize(48).save(Path(PICTURES) / f"{name}.png", optimize=True)

    def close(self) -> None:
        self.context.close()
