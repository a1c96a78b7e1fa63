PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin

# Stamps: `make demo` installs what runs, `make test|check|bench` also what tests.
RUN := .venv/.installed
DEV := .venv/.installed-dev
PEERS := .venv/bench/.installed
FRENCH := campaigns/locales/fr.po
# One more than there are processors: a third of their time, tests wait for programs and browsers that they started.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# Where this is set, each of the many processes that the tests start would compile every module anew: 6 s a start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-postgresql test-webhook check bench bench-scale pictures words lock clean

demo: $(RUN)
	$(BIN)/python run_bot.py demo --port $(PORT) $(if $(RESET),--reset)

test: $(DEV)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

# The same on a server of PostgreSQL: all that has a store, but what looks at its pages in a browser.
test-postgresql: $(DEV)
	$(BIN)/python -m pytest --store postgresql -n $(WORKERS) --dist worksteal $(ARGS)

# The bot's tests once more, with updates that Telegram brings to its webhook. `make test` takes some of them by both ways.
test-webhook: $(DEV)
	$(BIN)/python -m pytest --updates webhook -n $(WORKERS) --dist worksteal tests/bot $(ARGS)

check: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy run_bot.py
	$(BIN)/lint-imports

bench: $(DEV) $(PEERS)
	$(BIN)/python -m bench $(ARGS)

# What many processes carry, on a PostgreSQL of this machine; ARGS names one of them.
bench-scale: $(DEV)
	$(BIN)/python -m bench.scale $(ARGS)

$(RUN): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("Porte-voix needs Python 3.11 or newer; set PYTHON=… for make." if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install -q --disable-pip-version-check uv
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock
	touch $@

$(DEV): $(RUN) requirements-dev.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.lock
	touch $@

# What only the benchmarks measure beside us, in an environment of its own.
$(PEERS): $(RUN) requirements-bench.lock
	test -x .venv/bench/bin/python || $(BIN)/python -m venv --without-pip .venv/bench
	$(BIN)/uv pip install -q --python .venv/bench/bin/python --require-hashes -r requirements-bench.lock
	touch $@

# The screenshots of README and docs, taken from the program as it is, and the contact sheet of the frames.
pictures: $(DEV)
	$(BIN)/python -m pytest tests/test_browser*.py --pictures docs/pictures
	$(BIN)/python -m pytest tests/web/test_desk_journeys.py tests/web/test_programs.py tests/web/test_setup_browser.py --pictures docs/pictures
	$(BIN)/python run_bot.py frames sheet --photo sandbox/material/portrait.jpg --out docs/pictures/frames.webp

# Texts that the code has and campaigns/locales/fr.po has not are added there, empty, each in its place by the alphabet.
words: $(DEV)
	$(BIN)/pybabel -q extract -F campaigns/locales/babel.cfg -k words -k mark -k many:1,2 --no-location --sort-output --omit-header -o .venv/texts.pot .
	sed '/^$$/q' $(FRENCH) > .venv/fr.po
	$(BIN)/pybabel -q update -i .venv/texts.pot -o $(FRENCH) -l fr --no-fuzzy-matching --ignore-obsolete --omit-header -w 0
	cat $(FRENCH) >> .venv/fr.po
	mv .venv/fr.po $(FRENCH)

# Pins every dependency with its hashes, and names no host. Run it after a change of pyproject.toml.
lock:
	$(BIN)/uv pip compile pyproject.toml -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml -q --python-version 3.11 --extra dev -c requirements.lock --generate-hashes --no-emit-index-url --no-header -o requirements-dev.lock
	$(BIN)/uv pip compile --group bench -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements-bench.lock
	touch requirements.lock requirements-dev.lock requirements-bench.lock

clean:
	rm -rf .venv var
