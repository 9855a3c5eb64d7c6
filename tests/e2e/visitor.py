"""Somebody at a browser: what they see and press, by the words in their language; and a watch on everything else."""

import re
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, Response, expect

from tests.e2e.place import PASSWORD, Person
from tests.e2e.site import Site, Words

# Browsers write a line for each answer of 400 and above. Those below 500 are what tests ask for.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")

REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`Content security policy: ${event.violatedDirective} forbids ${event.blockedURI || event.sample}`));
"""
# After the page is there, and after each swap. A label, a description or the editor would find the wrong one; and what
# no paragraph can hold must not be put into one. Not in what is shown in a sandbox (it has no origin), which lets no
# script run and says so.
REPORT_BROKEN_HTML = """
if (origin !== "null")
for (const name of ["DOMContentLoaded", "htmx:afterSettle"]) document.addEventListener(name, () => {
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  for (const id of new Set(ids.filter((each, index) => ids.indexOf(each) !== index)))
    console.error(`Several elements have the id ${id}`);
  const block = document.querySelector("p :is(article, details, div, dl, form, h2, h3, ol, p, section, table, ul)");
  if (block) console.error(`In a paragraph stands ${block.outerHTML.slice(0, 120)}`);
});
"""


class Watch:
    """Everything that goes wrong unseen in a browser; what a test means to happen is said beforehand."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.context, self.site = context, site
        self.wrong: list[str] = []
        self.meant: list[str] = []
        self.requests: list[Request] = []
        context.add_init_script(REPORT_VIOLATIONS)
        context.add_init_script(REPORT_BROKEN_HTML)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self._note(f"page error: {error.error}"))
        context.on("request", self._ask)
        context.on("response", self._answer)
        context.on("requestfailed", self._fail)

    def check(self) -> None:
        """Fail if anything went wrong that was not meant."""
        unmeant = [line for line in self.wrong if not any(words in line for words in self.meant)]
        assert not unmeant, "In the browser:\n" + "\n".join(unmeant)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not REFUSED.match(message.text):
            self._note(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _ask(self, request: Request) -> None:
        self.requests.append(request)
        if not request.url.startswith((f"{self.site.url}/", "data:", "about:", "blob:")):
            self._note(f"request to another host: {request.url}")

    def _answer(self, response: Response) -> None:
        if response.status >= 500:
            self._note(f"{response.status}: {response.request.method} {response.url}")

    def _fail(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # Left for another page while it was on its way.
            self._note(f"{request.failure}: {request.method} {request.url}")

    def _note(self, line: str) -> None:
        self.wrong.append(line)


class Visitor:
    """A page, and the words of whoever looks at it."""

    def __init__(self, page: Page, site: Site, language: str, watch: Watch, has_editor: bool = True) -> None:
        self.page = page
        self.has_editor = has_editor  # Not without scripts, nor where a page may not fetch it any more.
        self.site = site
        self.say = Words(language)
        self.watch = watch

    def open(self, address: str) -> Response:
        """Go to a page of the site."""
        response = self.page.goto(address)
        assert response is not None
        return response

    def sign_in(self, person: Person, password: str = PASSWORD) -> None:
        """Fill in the sign-in form of the present page, and send it."""
        self.field("E-mail address").fill(person.email)
        self.field("Password").fill(password)
        self.button("Sign in").click()

    def share(self, kind: str, title: str, body: str) -> None:
        """Write a post in the composer of the present page, and press the button."""
        self.choose(kind)
        self.field("Heading").fill(title)
        self.write_in("Text", body)
        self.button({"progress": "Share progress", "challenge": "Share a challenge"}[kind]).click()

    def write_in(self, english: str, text: str) -> None:
        """Let the text of this name say `text`.

        It becomes the editor first, which hides the field and moves what stands below: whoever fills or
        presses meanwhile may miss.
        """
        if self.has_editor:
            self.field(english).wait_for()
            self.field(english).focus()
            expect(self.field(english).and_(self.page.locator("trix-editor"))).to_be_focused()
        self.field(english).fill(text)

    def choose(self, kind: str) -> None:
        """Choose what kind of post it is: "progress" or "challenge"; the composer is unfolded first."""
        if not self.composer.is_visible():
            self.page.locator("#writer > summary").click()
        self.composer.locator(".choice", has=self.page.locator(f"input[value={kind}]")).click()

    @property
    def composer(self) -> Locator:
        """The form that posts are written in."""
        return self.page.locator("#composer")

    @property
    def summary(self) -> Locator:
        """What is wrong with a form."""
        return self.page.locator("[data-focus]")

    @property
    def menu(self) -> Locator:
        """The menu of one's account."""
        return self.page.locator(".topbar details.menu")

    def button(self, english: str, within: Locator | None = None) -> Locator:
        """The button that says this, in the visitor's language."""
        return (within or self.page).get_by_role("button", name=self.say(english), exact=True)

    def link(self, english: str, within: Locator | None = None) -> Locator:
        """The link that says this, in the visitor's language."""
        return (within or self.page).get_by_role("link", name=self.say(english), exact=True)

    def field(self, english: str, within: Locator | None = None) -> Locator:
        """The field with this label, in the visitor's language."""
        return (within or self.page.locator("main")).get_by_label(self.say(english), exact=True)

    def heading(self, text: str) -> Locator:
        """A heading with exactly this text."""
        return self.page.get_by_role("heading", name=text, exact=True)

    def post(self, number: int) -> Locator:
        """A post in the feed."""
        return self.page.locator(f"#post-{number}")

    def comment(self, number: int) -> Locator:
        """A comment in its thread."""
        return self.page.locator(f"#comment-{number}")

    def is_told(self, english: str, **values: Any) -> None:
        """Expect this among the announcements, or in the notices of a page without them."""
        words = self.say(english, **values)
        expect(self.page.locator("#announcements")).to_contain_text(words)

    def leave_a_mark(self) -> None:
        """Note that the page is this very one: a page that is loaded anew has no mark."""
        self.page.evaluate("window.mark = true")

    def is_on_the_same_page(self) -> None:
        """Expect that the page was not loaded again since the mark was left."""
        assert self.page.evaluate("window.mark === true"), f"{self.page.url} was loaded anew"

    def tab_to(self, target: Locator, key: str = "Tab", most: int = 40) -> None:
        """Press Tab until the focus is on `target`."""
        path = []
        for _press in range(most):
            self.page.keyboard.press(key)
            for _look in range(2):  # A field that becomes the editor hands the focus over in the next frame.
                if target.count() and target.evaluate("element => element === document.activeElement"):
                    return
                self.page.wait_for_timeout(50)
            path.append(self.page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
        raise AssertionError(f"{target} can't be reached with {key}, which led to\n" + "\n".join(path))

    def write(self, text: str) -> None:
        """Write where the focus is, and wait until it is drawn: the editor takes the focus back when it draws."""
        self.page.keyboard.insert_text(text)
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def wait_until(self, script: str) -> None:
        """Wait until `script` is true. Asked from here: a page's own policy forbids what Playwright runs there."""
        for _look in range(300):
            if self.page.evaluate(script):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"It did not come true: {script}")

    def hear_nothing(self) -> None:
        """Let nothing of what others do reach the pages that this visitor opens from now on."""
        self.watch.meant += ["ERR_FAILED", "/live"]
        self.page.route(re.compile("/live"), lambda route: route.abort("failed"))

    def settle(self) -> None:
        """Wait until nothing is on its way any more."""
        self.page.wait_for_load_state("load")
        expect(self.page.locator(".htmx-request")).to_have_count(0)  # The stream never ends.
