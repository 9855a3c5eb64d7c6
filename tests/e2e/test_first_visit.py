"""What a first visit costs, and what a browser asks of whom."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import Visit
from tests.e2e.place import Place

MOST_REQUESTS = 8
MOST_BYTES = 70_000


@pytest.mark.slow
def test_a_first_visit_is_light_and_asks_nobody_else(visit: Visit, place: Place) -> None:
    for number in range(20):
        place.share(place.partner, f"Opslag {number}", "Der står noget her, som folk gerne vil læse. " * 12)
    for person, address in ((None, "/sign-in"), (place.contributor, place.address), (place.contributor, "/")):
        visitor = visit(person)
        received: list[Any] = []
        network = visitor.page.context.new_cdp_session(visitor.page)
        network.on("Network.loadingFinished", lambda event, received=received: received.append(event))
        network.send("Network.enable")
        visitor.open(address)
        visitor.settle()
        requests = [request for request in visitor.watch.requests if request.url.startswith("http")]
        asked = "\n".join(request.url for request in requests)
        assert len(requests) <= MOST_REQUESTS, f"{address} asks {len(requests)} times:\n{asked}"
        assert all(request.url.startswith(visitor.site.url) for request in requests), asked
        size = sum(event["encodedDataLength"] for event in received)
        assert received
        assert size <= MOST_BYTES, f"{address} costs {size} bytes:\n{asked}"


@pytest.mark.slow
def test_the_second_page_loads_no_file_again(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open("/")
    visitor.settle()
    addresses: dict[str, str] = {}
    loaded: list[str] = []  # Whatever came over the network; what was kept has no headers of its own.
    network = visitor.page.context.new_cdp_session(visitor.page)
    network.on(
        "Network.requestWillBeSent", lambda event: addresses.update({event["requestId"]: event["request"]["url"]})
    )
    network.on("Network.responseReceivedExtraInfo", lambda event: loaded.append(event["requestId"]))
    network.send("Network.enable")
    visitor.open("/partnerships")
    visitor.settle()
    # What the page before had still asked for is no matter of this one.
    paths = {urlsplit(addresses[request]).path for request in loaded if request in addresses}
    assert "/partnerships" in paths
    assert paths <= {"/partnerships", "/waiting", "/live", "/live/numbers"}


@pytest.mark.slow
def test_what_somebody_is_quoted_with_stands_in_danish_marks(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    marks = visitor.page.evaluate("getComputedStyle(document.querySelector('main p, main h2')).quotes")
    assert marks == '"»" "«" "›" "‹"'
