import sys

from coursekit.cli.app import main

sys.exit(main())
