"""Demo data: one invented MSP, its people, and connections to wherever the options say its PSAs and Twilio are.

Data and nothing else: the product cannot tell a demo from anything real. It can be run again; it adds nothing twice,
and what is there it leaves as it is.
"""

from podserver.demo.commands import command
from podserver.demo.people import MSP

__all__ = ["MSP", "command"]
