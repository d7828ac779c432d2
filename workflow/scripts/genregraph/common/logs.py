"""What steps log, the same in each of their processes."""

import logging
import warnings


def start_logging() -> None:
    """Write what is logged, and warnings with it, to standard error; again is no more."""
    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s", level=logging.INFO)
    logging.captureWarnings(True)
    warnings.simplefilter("default")
