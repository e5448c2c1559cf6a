"""Run the command line with ``python -m lineage_audit``."""

from lineage_audit.cli import main

if __name__ == "__main__":
    main()
