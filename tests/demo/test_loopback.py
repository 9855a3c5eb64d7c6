"""The demo answers this machine only."""

from dataclasses import replace

import pytest

from workspace import create_app
from workspace.config import Settings, SettingsError
from workspace.demo.loopback import is_from_here

pytestmark = pytest.mark.either_database


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_recognised(address: str) -> None:
    assert is_from_here(address)


@pytest.mark.parametrize("address", ["", "192.0.2.1", "10.0.0.1", "0.0.0.0", "::", "::ffff:192.0.2.1", "localhost"])
def test_others_are_not(address: str) -> None:
    assert not is_from_here(address)


def test_a_demo_refuses_other_machines_whatever_they_ask_for(settings: Settings) -> None:
    client = create_app(replace(settings, demo=True)).test_client()
    for address in ("/sign-in", "/static/favicon.svg", "/nowhere"):
        response = client.get(address, environ_base={"REMOTE_ADDR": "192.0.2.1"})
        assert response.status_code == 403
        assert "maskine" in response.text
    assert client.get("/privacy").status_code == 200


def test_a_real_installation_answers_everybody(settings: Settings) -> None:
    client = create_app(settings).test_client()
    assert client.get("/privacy", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "demo.example"])
def test_a_demo_is_not_served_elsewhere(host: str, tmp_path: object) -> None:
    with pytest.raises(SettingsError, match="this machine only"):
        Settings.from_environment({"DEMO": "1", "HOST": host, "INSTANCE_PATH": str(tmp_path)})
