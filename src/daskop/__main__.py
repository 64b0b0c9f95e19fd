"""``python -m daskop``."""

import faulthandler
import signal
import sys

faulthandler.register(signal.SIGUSR1)  # prints what each thread is doing: kill -USR1

# Process 1 of a container ignores signals that it has no handler for, and imports take a second.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

from daskop.cli import main  # noqa: E402 - the handler must come first

if __name__ == "__main__":
    main()
