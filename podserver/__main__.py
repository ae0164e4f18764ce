"""``python -m podserver`` is the ``podserver`` command."""

from podserver.command import main

main()
