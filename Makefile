# Two commands matter: `make run` and `make test`. Both set everything up the first time and skip it afterwards.
.DEFAULT_GOAL := help
.PHONY: help run test demo bench torture lint assets lock sbom advisories clean setup setup-test

VENV := .venv/bin
unexport PYTHONDONTWRITEBYTECODE  # every process of the service starts seconds sooner from compiled modules
UV_COMPILE := $(VENV)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header

help: ## what can be asked for
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
		|| grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST)

setup: ## .venv with the pinned packages and the `nowrongdoor` command
	@sh triage/local/setup.sh runtime

setup-test:
	@sh triage/local/setup.sh test

run: setup ## the whole service on this machine: phone page, nurse desk, dispatch board (Ctrl-C stops it)
	@exec $(VENV)/python -m triage.local

demo: setup ## a busy half-hour in a few minutes, played on a service started with `make run`
	@exec $(VENV)/python -m triage.local.demo

test: setup-test ## every test: both databases, a real Redis, real processes, a real browser
	@$(VENV)/python -m triage.local.assets --with-tests
	@sh triage/local/browser.sh
	$(VENV)/python -m pytest -n 3 --dist loadgroup

bench: setup-test ## the benchmark: medians of ratios to a floor measured in the same run
	@exec $(VENV)/python -m tests.bench

torture: setup-test ## the long fault run: every part killed, frozen or cut off while people ring (half an hour)
	@exec $(VENV)/python -m tests.torture

lint: setup-test ## style and types
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy

assets: setup ## fetch the page assets again if they are not as package-lock.json says
	@$(VENV)/python -m triage.local.assets

lock: setup-test ## pin the newest allowed versions of everything, with their hashes
	$(UV_COMPILE) --upgrade --extra install pyproject.toml -o requirements.lock
	$(UV_COMPILE) --upgrade --extra install --extra test -c requirements.lock pyproject.toml -o requirements-test.lock
	$(UV_COMPILE) --upgrade --group node -o requirements-node.lock
	npm install --package-lock-only

sbom: setup-test ## what the service is made of, and under which licences: build/sbom.cdx.json, build/licences.txt
	@$(VENV)/python -m triage.local.sbom

advisories: setup-test ## whether a pinned package has a known fault that a newer version mends
	@$(VENV)/python -m triage.local.advisories

clean: ## remove what was set up; what the service stored under var/ stays
	rm -rf .venv node_modules triage/desk/static/vendor tests/harness/vendor nowrongdoor.egg-info build \
		.pytest_cache .ruff_cache .mypy_cache .hypothesis
