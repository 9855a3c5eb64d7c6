"""Addresses that one may be led to: those of this site, and no others."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.web.form_recovery import local_address

pytestmark = pytest.mark.either_database


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/partnerships/icura/",
        "/partnerships/icura/posts/17?before=4#comments",
        "/?next=https://evil.example",
        "/partnerships/icura/?kind=challenge&before=3",
        "/æøå",
        "/a//b",
    ],
)
def test_an_address_of_this_site_is_kept(address: str) -> None:
    assert local_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "partnerships/icura/",
        "//evil.example",
        "///evil.example",
        "////evil.example",
        "\\\\evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/\\/evil.example",
        "https://evil.example",
        "https:evil.example",
        "https:/evil.example",
        "http:///evil.example",
        "HTTPS://evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "mailto:a@evil.example",
        "evil.example",
        "@evil.example",
        "?next=/",
        "#x",
        " //evil.example",
        "\t//evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r/evil.example",
        "/\0/evil.example",
        "/x\r\nSet-Cookie: a=b",
        "/\u2028/evil.example",
        "/\u202eevil",
        "//[",
        "http://[::1",
        "//[::1]:x",
        "//\\[evil",
    ],
)
def test_an_address_that_could_lead_elsewhere_is_none(address: str) -> None:
    assert local_address(address) == ""


@given(st.text(alphabet="/\\:@?#.[]%\t\n\r\0 ahtps", max_size=14))
def test_no_address_that_is_kept_leads_elsewhere(address: str) -> None:
    kept = local_address(address)
    assert kept in ("", address)
    if kept:
        # Browsers take backslashes for slashes and leave out tabs and line breaks (WHATWG URL).
        seen = "".join(message for message in kept if message not in "\t\r\n").strip().replace("\\", "/")
        assert urlsplit(urljoin("http://samspil.example/sign-in", seen)).netloc == "samspil.example"
