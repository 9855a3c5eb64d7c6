"""What monitoring asks for: plain text, without the reader's language, session or database where that is not needed."""

from ipaddress import ip_address

from flask import Flask, Response, abort, current_app, make_response, request

from workspace.extensions import stopping
from workspace.health import checks
from workspace.health.blueprint import blueprint
from workspace.health.probe import Finding
from workspace.permissions import public


@blueprint.get("/healthz")
@public
def alive() -> Response:
    """This process answers. It asks nothing of the database, so nobody restarts us because that is away."""
    return _answer([Finding("process")])


@blueprint.get("/healthz/ready")
@public
def ready() -> Response:
    """This process can serve pages: 503 only for what it can't do without, within two seconds."""
    if stopping.is_set():
        return _answer([Finding("process", "stopping")])
    return _answer(list(checks.findings(_app(), checks.READY)))


@blueprint.get("/healthz/all")
@public
def all_checks() -> Response:
    """All is well, for whoever watches: to the networks of MONITORING_NETWORKS only, since it tells of the inside."""
    app = _app()
    address = ip_address((request.remote_addr or "::").partition("%")[0])
    if not any(address in network for network in app.settings.monitoring_networks):  # type: ignore[attr-defined]
        abort(404)
    return _answer(list(checks.findings(app, checks.ALL)))


def _answer(findings: list[Finding]) -> Response:
    lines = [f"{finding.name}: {finding.trouble or 'ok'}\n" for finding in findings]
    answer = make_response("".join(lines), 503 if any(finding.trouble for finding in findings) else 200)
    answer.mimetype = "text/plain"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined]
