"""gunicorn's door: ``gunicorn -c gunicorn.conf.py wsgi:app``."""

from podserver.application import create_app

app = create_app(migrations=False)
