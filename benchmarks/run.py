"""`make bench`: every benchmark in turn; a missed bar fails the run."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(names: list[str]) -> int:
    scripts = [path for path in sorted(HERE.glob("*.py")) if path.name[0] != "_" and path != Path(__file__)]
    failed = []
    for script in scripts:
        if names and script.stem not in names:
            continue
        print(f"\n--- {script.stem} ---", flush=True)
        if subprocess.call([sys.executable, str(script)]):
            failed.append(script.stem)
    print(f"\n{'missed: ' + ', '.join(failed) if failed else 'every bar is met'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
