"""``python -m daskop``."""

from daskop.cli import main

if __name__ == "__main__":
    main()
