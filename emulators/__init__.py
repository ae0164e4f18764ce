"""Stand-ins for the outside systems podserver talks to, over real HTTP, written from the wire facts alone.

Nothing here imports the product or its connectors, so that a misunderstanding shows instead of cancelling itself out.
"""
