"""What a first visit costs, and what a browser asks of whom."""

from typing import Any

from tests.e2e.conftest import Visit
from tests.e2e.place import Place

MOST_REQUESTS = 8
MOST_BYTES = 70_000


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


def test_the_second_page_loads_no_file_again(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open("/")
    visitor.settle()
    asked: list[Any] = []
    network = visitor.page.context.new_cdp_session(visitor.page)
    network.on("Network.responseReceivedExtraInfo", lambda event: asked.append(event))
    network.send("Network.enable")
    visitor.open("/partnerships")
    visitor.settle()
    assert len(asked) == 2, "Only the page, and the number of what waits, come over the network; the files are kept"
