"""Looking at a page as it stands: axe, light and wide, then dark and narrow; and whether anything is too wide."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe

from tests.e2e.visitor import Visitor

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
PHONE = {"width": 390, "height": 844}

axe = Axe()
EVERYTHING = {"resultTypes": ["violations"], "preload": False, "rules": {"target-size": {"enabled": True}}}
# What colours and widths have a say in; the rest is the same in each of them.
LOOKS = EVERYTHING | {"runOnly": ["color-contrast", "target-size", "scrollable-region-focusable"]}
# Nothing is being swapped in, and nothing fades: colours are what they will be. What has not begun yet (it has
# no progress) changes nothing: the way back that goes after half a minute.
IS_STILL = """() => !document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")
  && document.getAnimations().every((animation) => animation.playState !== "running"
    || animation.effect.getComputedTiming().progress === null)"""
IS_LOADED = "typeof window.axe === 'object'"
RUN = "options => axe.run(document, options)"

# Text at 200 % (WCAG 1.4.4); a style that a script sets is none that the policy forbids.
ENLARGE = "document.documentElement.style.fontSize = '200%'"
BACK_TO_NORMAL = "document.documentElement.style.fontSize = ''"
OVERHANG = """() => {
  const page = document.scrollingElement;
  if (page.scrollWidth <= innerWidth) return [];
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
    .slice(0, 3).map((element) => element.outerHTML.slice(0, 120));
}"""


class Inspection:
    """What is wrong in any of the states that were looked at; told all at once."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.page = visitor.page
        self.wrong: list[str] = []

    def look(self, state: str) -> None:
        """Look at the page as it is now, which is called `state`."""
        self.visitor.wait_until(IS_STILL)
        self._axe(f"{state}, light", EVERYTHING)
        self.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        self.page.set_viewport_size(NARROW)
        self._axe(f"{state}, dark, 320 pixels", LOOKS)
        self._edges(f"{state}, 320 pixels")
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        self.page.set_viewport_size(WIDE)
        self.page.evaluate(ENLARGE)
        self._edges(f"{state}, 200 % text")
        self.page.evaluate(BACK_TO_NORMAL)

    def _axe(self, state: str, options: dict[str, Any]) -> None:
        if not self.page.evaluate(IS_LOADED):
            self.page.evaluate(axe.axe_script)
        for violation in self.page.evaluate(RUN, options)["violations"]:
            for node in violation["nodes"][:3]:
                reason = node["failureSummary"].replace("\n", " ")
                self.wrong.append(f"{state}: {violation['id']}: {node['html'][:160]} ({reason[:220]})")

    def _edges(self, state: str) -> None:
        for element in self.page.evaluate(OVERHANG):
            self.wrong.append(f"{state}: wider than the page: {element}")


@contextmanager
def inspecting(visitor: Visitor) -> Iterator[Inspection]:
    """Look at states of a page, and fail in the end with everything that is wrong with them."""
    visitor.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    visitor.page.set_viewport_size(WIDE)
    inspection = Inspection(visitor)
    yield inspection
    assert not inspection.wrong, f"{len(inspection.wrong)} things:\n" + "\n".join(inspection.wrong)
