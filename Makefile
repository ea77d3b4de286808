# Thin: run.py does the work, so that the same commands exist where there is no make (python run.py lab).
PYTHON ?= python3

.PHONY: lab test full canary bench

lab test full canary bench:
	@$(PYTHON) run.py $@
