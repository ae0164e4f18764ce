"""gunicorn's door: ``gunicorn -c gunicorn.conf.py wsgi:app``."""

import gc

from podserver.application import create_app

app = create_app(migrations=False)

# gunicorn forks its workers from here. What is loaded by now stays, so the collector need not touch, and thereby
# copy, the pages that they share.
gc.collect()
gc.freeze()
