# Two commands: `make run` and `make test`. Both need Python 3.11 or newer, pip and make.
PYTHON ?= python3
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11.5 --generate-hashes --upgrade \
	--no-emit-index-url --no-header --no-annotate --extra build pyproject.toml
INSTALL := $(BIN)/pip install -qq --disable-pip-version-check
ARGS ?=

.PHONY: run install test check browser servers bench chaos mutants fuzz screenshots clean lock

run: .venv/run
	@exec $(BIN)/python app.py $(ARGS)

# What production needs, without starting anything (docs/install.md).
install: .venv/run

test: .venv/dev browser servers check
	@COLUMNS=200 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist loadfile

check: .venv/dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

.venv/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with: make PYTHON=python3.11")'
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/run: .venv/pip pyproject.toml requirements.lock
	@echo "Installing (about a minute, once) …"
	@$(INSTALL) --require-hashes --requirement requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev: .venv/pip pyproject.toml requirements-dev.lock
	@echo "Installing what the tests need …"
	@$(INSTALL) --require-hashes --requirement requirements-dev.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@ .venv/run

# The browser tests drive a real Chromium.
browser:
	@command -v chromedriver >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	     && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium chromium-driver >/dev/null; } \
	|| { echo "The browser tests need Chromium and its driver, e.g.: sudo apt-get install chromium chromium-driver"; exit 1; }

# Without PgBouncer and nginx their tests are left out.
servers:
	@for one in pgbouncer nginx; do \
	 command -v $$one >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	 && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y $$one >/dev/null 2>&1; } || true; done

# Measures everything at full size and writes benchmarks/RESULTS.md; the databases stay in .bench/.
bench: .venv/dev browser
	@$(BIN)/python -m benchmarks --data .bench --write $(ARGS)

# Breaks things while jobs run, 20 times each, and writes the table of docs/reliability.md. Give it a
# machine of its own for half an hour: what is slow looks stuck.
chaos: .venv/dev
	@$(BIN)/python -m tests.chaos --write $(ARGS)

# Changes the code a little, many times, and looks whether a test fails each time; writes the tables of
# docs/testing.md. Half an hour on two cores, at most.
mutants: .venv/dev
	@$(BIN)/python -m tests.mutants --write $(ARGS)

# Sends 10,000 odd payloads to the callbacks, and prints what was answered and how much memory it took.
fuzz: .venv/dev
	@$(BIN)/python -m tests.fuzz $(ARGS)

# Takes the pictures of docs/screenshots/ from the running sample, in about eight minutes.
screenshots: .venv/dev browser emoji
	@$(BIN)/python -m tests.screenshots

# Films the moving picture of the README, in a bit more than five minutes.
picture: .venv/dev browser emoji
	@$(BIN)/python -m tests.picture

# Without a font that has them, the symbols on the buttons are empty boxes in the pictures.
emoji:
	@fc-list 2>/dev/null | grep -qi emoji || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	 && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y fonts-noto-color-emoji >/dev/null 2>&1; } || true

.PHONY: picture emoji

# Every package that is installed, with the digests of its files; newer ones within the ranges.
lock: .venv/dev
	@$(LOCK) --output-file requirements.lock
	@$(LOCK) --extra dev --output-file requirements-dev.lock

clean:
	@rm -rf .venv .data .bench .mutants build *.egg-info .pytest_cache .ruff_cache .mypy_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
