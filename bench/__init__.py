"""Measures podserver's hot paths next to a bare Flask + SQLAlchemy floor. Run it as ``python -m bench``."""
