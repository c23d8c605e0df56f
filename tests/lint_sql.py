"""sqlfluff, with Python's garbage collector at work a three-hundredth as often.

`make lint` and the pre-commit hook run it. The collector would look through the trees of the files
again and again, for a third of the time.
"""

import gc

from sqlfluff.cli.commands import cli

# On import, which sqlfluff's own processes do, too.
gc.set_threshold(200_000)

if __name__ == "__main__":
    cli()
