"""Reading in any order: after every step what is new, marked and mailed is what a plain model of it says.

The model keeps for each person the numbers of what they have read, and knows nothing of bookmarks, rows or counters.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from flask_babel import force_locale
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run
from sqlalchemy import select

from tests.client import signed_in
from tests.factories import Level, add_member, challenge, comment, make_organisation, make_user, start_partnership
from tests.pages import Page
from workspace import Workspace
from workspace.accounts.mail_preferences import MailTiming
from workspace.comments.models import Comment
from workspace.db import db
from workspace.digests import compose, planning
from workspace.mail.models import Mail
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.models import Membership, Partnership, Stage
from workspace.posts.models import Post

NAMES = ("Anna", "Bent", "Cille")
EXAMPLES = int(os.environ.get("EXAMPLES", "4"))
MOST_POSTS = 6  # All of them stand in one digest, and on one page.

people = st.sampled_from(NAMES)
some = st.integers(0, 1_000)


@dataclass
class Text:
    """A post, or a comment on the post `post`."""

    number: int
    post: int
    author: str
    withdrawn: bool = False
    solved: bool = False

    @property
    def is_post(self) -> bool:
        return self.number == self.post


@dataclass
class Reader:
    """What somebody has read, and up to where digests have told them."""

    read: set[int] = field(default_factory=set)
    digested: int = 0


class WhatIsNew(RuleBasedStateMachine):
    """A partnership of three, who write and read."""

    app: Workspace

    @initialize()
    def begin(self) -> None:
        organisation = make_organisation()
        users = {name: make_user(f"{name} Prøve", organisation, language="en") for name in NAMES}
        anna = start_partnership("Grønne tage", by=users["Anna"])
        for name in NAMES[1:]:
            add_member(anna, users[name], Level.MODERATOR)
        self.memberships = {
            membership.user.name.split()[0]: membership.id
            for membership in db.session.scalars(
                select(Membership).where(Membership.partnership_id == anna.partnership_id)
            )
        }
        for name in NAMES:
            self._membership(name).mail_timing = MailTiming.DIGEST
        self.partnership_id, self.home = anna.partnership_id, anna.partnership.address
        last = anna.partnership.last_number
        self.texts: list[Text] = []
        self.readers = {name: Reader(set(range(last + 1)), last) for name in NAMES}
        db.session.commit()
        self.browsers = {name: signed_in(self.app, users[name]) for name in NAMES}

    def teardown(self) -> None:
        db.session.rollback()

    # Writing

    @precondition(lambda self: len(self._posts()) < MOST_POSTS)
    @rule(who=people)
    def share(self, who: str) -> None:
        post = challenge(self._membership(who), f"Post {len(self.texts)}.")
        self.texts.append(Text(post.number, post.number, who))

    @precondition(lambda self: self._posts())
    @rule(who=people, which=some)
    def comment(self, who: str, which: int) -> None:
        post = self._one(which, [text for text in self._posts() if not text.withdrawn])
        if post:
            number = comment(self._post(post.number), self._membership(who)).number
            self.texts.append(Text(number, post.number, who))

    @rule(who=people, which=some)
    def withdraw(self, who: str, which: int) -> None:
        text = self._one(which, [text for text in self.texts if not text.withdrawn])
        if text:
            post = self._post(text.post)
            if text.is_post:
                post.withdraw(self._membership(who), reason="Væk")
            else:
                self._comment(text.number).withdraw(self._membership(who), post, reason="Væk")
            text.withdrawn = True

    @rule(who=people, which=some)
    def bring_back(self, who: str, which: int) -> None:
        text = self._one(which, [text for text in self.texts if text.withdrawn])
        if text:
            post = self._post(text.post)
            if text.is_post:
                post.bring_back(self._membership(who))
            else:
                self._comment(text.number).bring_back(self._membership(who), post)
            text.withdrawn = False

    @rule(who=people, which=some)
    def turn(self, who: str, which: int) -> None:
        text = self._one(which, [text for text in self._posts() if not text.withdrawn and not text.solved])
        if text:
            self._post(text.number).solve(self._membership(who), "Løst")
            text.solved = True

    @rule(who=people, stage=st.sampled_from(list(Stage)))
    def change_stage(self, who: str, stage: Stage) -> None:
        partnerships_service.change_stage(self._membership(who), stage)

    # Reading

    @rule(who=people, which=some)
    def open(self, who: str, which: int) -> None:
        post = self._one(which, self._posts())
        if post:
            self.browsers[who].page(f"{self.home}posts/{post.number}")
            self._has_read(who, [text for text in self.texts if text.post == post.number])

    @rule(who=people, which=some, how_many=st.integers(1, MOST_POSTS))
    def scroll(self, who: str, which: int, how_many: int) -> None:
        """Let some of the cards that are not read stand on the screen for a while."""
        page = self.browsers[who].page(self.home)
        cards = [each for tag in ("article", "ul") for card in page.all(tag) if (each := card.get("data-read"))]
        chosen = cards[which % len(cards) :][:how_many] if cards else []
        if chosen:
            self.browsers[who].submit(f"{self.home}seen", {"cards": ",".join(chosen)})
        shown = {int(card.split(":")[0]) for card in chosen}
        self._has_read(who, [text for text in self._posts() if text.number in shown])

    @rule(who=people)
    def mark_as_read(self, who: str) -> None:
        page = self.browsers[who].page(self.home)
        if "Mark as read" in page.text:
            self.browsers[who].post(f"{self.home}seen", data=page.form(f"{self.home}seen"))
            self._has_read(who, self.texts)

    @rule(who=people, is_sent_later=st.booleans(), which=some)
    def digest(self, who: str, is_sent_later: bool, which: int) -> None:
        user, key, reader = self._membership(who).user, str(uuid4()), self.readers[who]
        planning.send_now(user, key)
        db.session.commit()
        since, reader.digested = reader.digested, self._partnership().last_number
        if is_sent_later:
            self.open(who, which)  # What is read meanwhile is not told.
        mail = db.session.scalars(select(Mail).where(Mail.key == f"digest:{user.id}:{key}")).one()
        found = compose.build(planning.request_of(mail))
        expected = [text for text in self._unread(who) if text.number > since]
        assert found.new == len([text for text in expected if text.is_post]), f"{who}: {found}"
        counts = [block.meta.split(" · ")[1:] for block in found.blocks]
        told = found.comments + sum(int(count.split()[0]) for count, *_ in filter(None, counts))
        assert told == len([text for text in expected if not text.is_post]), f"{who}: {found}"

    # What is shown

    @invariant()
    def what_is_new_is_counted(self) -> None:
        if hasattr(self, "readers"):
            db.session.commit()
            for name in NAMES:
                assert self._membership(name).unread == len(self._unread(name)), name
            name = NAMES[len(self.texts) % len(NAMES)]
            count = len(self._unread(name))
            page = self.browsers[name].page(self.home)
            lists = self.browsers[name].page("/partnerships").text
            assert (f"{count} new" in lists) is (count > 0)
            title = "".join(page.all("title")[0].itertext())
            assert title.startswith(f"({count}) ") is (count > 0)
            self._marks(name, page)

    def _marks(self, name: str, page: Page) -> None:
        unread = self._unread(name)
        for text in self._posts():
            card = next(each for each in page.all("article") if each.get("id") == f"post-{text.number}")
            new = ["".join(mark.itertext()) for mark in card.iter() if mark.get("class") == "new"]
            comments = len([each for each in unread if each.post == text.number and not each.is_post])
            expected = ["New"] * (text in unread) + [f"{comments} new"] * (comments > 0)
            assert new == expected, f"{name}, {text}"

    # By hand

    def _has_read(self, who: str, texts: list[Text]) -> None:
        self.readers[who].read |= {text.number for text in texts}

    def _unread(self, who: str) -> list[Text]:
        read = self.readers[who].read
        return [text for text in self.texts if text.author != who and not text.withdrawn and text.number not in read]

    def _posts(self) -> list[Text]:
        return [text for text in self.texts if text.is_post]

    @staticmethod
    def _one(which: int, texts: list[Text]) -> Text | None:
        return texts[which % len(texts)] if texts else None

    def _membership(self, name: str) -> Membership:
        return db.session.get_one(Membership, self.memberships[name])

    def _partnership(self) -> Partnership:
        return db.session.get_one(Partnership, self.partnership_id)

    def _post(self, number: int) -> Post:
        return db.session.get_one(Post, (self.partnership_id, number))

    def _comment(self, number: int) -> Comment:
        return db.session.get_one(Comment, (self.partnership_id, number))


@pytest.fixture
def machine(app: Workspace) -> Iterator[type[WhatIsNew]]:
    WhatIsNew.app = app
    with force_locale("en"):
        yield WhatIsNew


@pytest.mark.parametrize(("examples", "steps"), [(1, 15), pytest.param(EXAMPLES, 25, marks=pytest.mark.slow)])
def test_whatever_is_read_the_rest_is_new(machine: type[WhatIsNew], examples: int, steps: int) -> None:
    run(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
