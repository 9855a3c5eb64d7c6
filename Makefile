# The two commands are `make run` and `make test`; the others are for whoever changes the code.

PYTHON ?= python3
UV_VERSION := 0.13.9
PIP_AUDIT_VERSION := 2.9.0

VENV := .venv
UV := VIRTUAL_ENV=$(CURDIR)/$(VENV) $(VENV)/bin/uv
INSTALL := $(UV) pip install --quiet
EXPORT := $(UV) export --quiet --frozen --no-default-groups --no-emit-project --no-header --format requirements-txt
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard translations/*/LC_MESSAGES/messages.po))

# Without its compiled files Python starts several times slower.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-all test-operations faults faults-mail bench bench-quick bench-live bench-slow bench-uploads bench-digests bench-search install audit lint format messages lock vendor clean

run: $(VENV)/.runtime $(CATALOGUES) ## the workspace with its demo story, on http://127.0.0.1:8000
	@DEMO=$${DEMO:-1} exec $(VENV)/bin/workspace run

test: $(VENV)/.tests $(CATALOGUES) ## no leak, no lost text, and all main jobs; eight minutes
	@CHROMIUM="$$(scripts/browser)" && export CHROMIUM && exec scripts/check

test-all: $(VENV)/.tests $(CATALOGUES) ## everything that must hold: all tests on both databases, and the quick bench
	@CHROMIUM="$$(scripts/browser)" && export CHROMIUM && scripts/wrk > /dev/null && exec scripts/check all

test-operations: $(VENV)/.tests $(CATALOGUES) ## the part of it that kills, stops, fills and hangs a running service; half an hour. It tries Caddy, nginx, Redis and systemd where they are installed
	@exec scripts/check operations

bench: $(VENV)/.tests $(CATALOGUES) ## what everything costs, at three sizes, on both databases; three hours
	@CHROMIUM="$$(scripts/browser)" && export CHROMIUM && scripts/wrk > /dev/null && \
		exec $(VENV)/bin/python -m bench.speed --record

bench-quick: $(VENV)/.tests $(CATALOGUES) ## whether a page has fallen behind its floor since bench/results.json
	@scripts/wrk > /dev/null && exec $(VENV)/bin/python -m bench.quick

bench-slow: $(VENV)/.tests $(CATALOGUES) ## 2,000 slow connections, and what others wait meanwhile
	@exec $(VENV)/bin/python -m bench.slow

bench-uploads: $(VENV)/.tests $(CATALOGUES) ## 20 files of 25 MB that come at once, and are fetched from a bucket
	@exec $(VENV)/bin/python -m bench.uploads

bench-live: $(VENV)/.tests $(CATALOGUES) ## 1,000 streams on two processes, on both databases
	@exec $(VENV)/bin/python -m bench.live --record

faults: $(VENV)/.tests $(CATALOGUES) ## whether a test fails for each rule that is taken away; ONLY=words of their names
	@exec scripts/faults $(ONLY)

audit: $(VENV)/.uv ## whether a locked dependency has a known hole; it needs the network, and says so if there is none
	@$(VENV)/bin/uv tool run --quiet --from pip-audit==$(PIP_AUDIT_VERSION) pip-audit --format json --progress-spinner off \
		--disable-pip --require-hashes --requirement requirements-production.txt 2> /dev/null | $(PYTHON) scripts/audit

install: $(VENV)/.production $(CATALOGUES) ## what a production server needs

lint: $(VENV)/.tests ## the part of it that takes seconds
	@exec scripts/check static

format: $(VENV)/.tests
	@$(VENV)/bin/ruff check --quiet --fix-only .
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/python scripts/styles.py format

messages: $(VENV)/.tests ## bring the words of code and templates into the translations
	@$(VENV)/bin/python scripts/messages.py update

faults-mail: $(VENV)/.tests ## kills workers, fails as mail servers do, and counts what became of the mail
	@$(VENV)/bin/python -m bench.faults --record

bench-digests: $(VENV)/.tests $(CATALOGUES) ## how fast digests go out, beside a bare loop
	@exec $(VENV)/bin/python -m bench.digests --record

bench-search: $(VENV)/.tests $(CATALOGUES) ## searching among a million posts, beside the feed
	@exec $(VENV)/bin/python -m bench.search --record

# Takes the newest versions that pyproject.toml allows, unless a uv.lock from an earlier run says otherwise.
lock: $(VENV)/.uv
	$(UV) lock
	$(EXPORT) --output-file requirements.txt
	$(EXPORT) --all-extras --output-file requirements-production.txt
	$(EXPORT) --all-extras --all-groups --output-file requirements-test.txt

vendor:
	$(PYTHON) scripts/vendor.py

clean: ## everything that can be made again; the data under instance/ stays
	rm -rf $(VENV) $(CATALOGUES) instance/assets .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed. If it has another name: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install -qq --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(VENV)/.runtime: requirements.txt pyproject.toml | $(VENV)/.uv
	@echo "Installing what the workspace needs ..."
	@$(INSTALL) --require-hashes --compile-bytecode -r requirements.txt
	@$(INSTALL) --no-deps --editable .
	@touch $@

$(VENV)/.production: requirements-production.txt pyproject.toml | $(VENV)/.uv
	@$(INSTALL) --require-hashes --compile-bytecode -r requirements-production.txt
	@$(INSTALL) --no-deps --editable .
	@touch $@

$(VENV)/.tests: requirements-test.txt pyproject.toml | $(VENV)/.uv
	@echo "Installing what the tests need ..."
	@$(INSTALL) --require-hashes -r requirements-test.txt
	@$(INSTALL) --no-deps --editable .
	@touch $@

%.mo: %.po
	@$(VENV)/bin/pybabel --quiet compile --input-file $< --output-file $@
