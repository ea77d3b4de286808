"""The command line: coursekit lab | build | verify | check | experiment | doctor | new."""

from coursekit.cli.app import main as main
