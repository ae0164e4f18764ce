"""The users the account starts with: contacts of the demo's ticketing system, and the MSP's own technicians.

One user for each trouble, so that a person can see it. E-mail addresses are those that the emulated ticketing system
has for the same people. Ingrid Solberg and Joan Petrov are left out on purpose: Duo has never heard of them.
"""

from __future__ import annotations

from emulators.duo.users import Phone, Token, User

_EVERYTHING = ("auto", "push", "sms", "phone", "mobile_otp")


def _user_id(number: int) -> str:
    return f"DU{number:018d}"


def _iphone(number: int, digits: str) -> Phone:
    return Phone(f"DP{number:018d}", digits, platform="Apple iOS", activated=True, capabilities=_EVERYTHING)


def _android(number: int, digits: str) -> Phone:
    return Phone(f"DP{number:018d}", digits, platform="Google Android", activated=True, capabilities=_EVERYTHING)


def _plain_mobile(number: int, digits: str) -> Phone:
    return Phone(f"DP{number:018d}", digits, capabilities=("sms",))


def users() -> list[User]:
    """All of them, in the order of their ids."""
    return [
        User(
            _user_id(77),
            "dana.w",
            "Dana Whitfield",
            "dana@larkfield.example",
            aliases=("dana@larkfield.example",),
            phones=(_iphone(77, "+12025550142"),),
            last_login=1795000000,
        ),
        # Invited, and never enrolled.
        User(_user_id(78), "marcus.r", "Marcus Reyes", "marcus@larkfield.example"),
        # Kept out by an administrator.
        User(
            _user_id(80),
            "theo.b",
            "Theo Brandt",
            "theo@larkfield.example",
            status="disabled",
            phones=(_android(80, "+12025550119"),),
        ),
        # A phone without Duo Mobile: text messages only.
        User(
            _user_id(81),
            "amara.d",
            "Amara Diallo",
            "amara@harborlegal.example",
            phones=(_plain_mobile(81, "+12025550123"),),
        ),
        # Two users with one e-mail address.
        User(
            _user_id(82),
            "felix.g",
            "Felix Grant",
            "felix@harborlegal.example",
            phones=(_iphone(82, "+12025550121"),),
        ),
        User(
            _user_id(83),
            "felix.scanner",
            "Felix Grant (scanner)",
            "felix@harborlegal.example",
            phones=(_android(83, "+12025550122"),),
        ),
        # The policy asks for Verified Duo Push. The desk phone cannot push, the token has no capabilities at all.
        User(
            _user_id(84),
            "wei.l",
            "Wei Lin",
            "wei@harborlegal.example",
            aliases=("HARBORLEGAL\\wei",),
            phones=(
                Phone("DP000000000000000184", "+12025550134", "Desk", "Landline", capabilities=("phone",)),
                _android(84, "+12025550124"),
            ),
            tokens=(Token("DH000000000000000084", "20361492"),),
            verified_push=True,
        ),
        # No e-mail address in Duo: found by the alias only.
        User(
            _user_id(85),
            "lferrer",
            "Lucia Ferrer",
            aliases=("lucia", "lucia@ferrer.example"),
            phones=(_iphone(85, "+12025550125"),),
        ),
        # Policy lets him in without asking.
        User(
            _user_id(86),
            "mateo.f",
            "Mateo Ferrer",
            "mateo@ferrer.example",
            status="bypass",
            phones=(_iphone(86, "+12025550126"),),
        ),
        User(
            _user_id(87),
            "carla.n",
            "Carla Nunez",
            "carla@ferrer.example",
            status="locked out",
            phones=(_android(87, "+12025550127"),),
        ),
        # The technicians, for the prompt at sign-in.
        User(
            _user_id(186),
            "sam@northgate.example",
            "Sam Okafor",
            "sam@northgate.example",
            aliases=("sam",),
            phones=(_iphone(186, "+12025550186"),),
        ),
        User(
            _user_id(187),
            "priya@northgate.example",
            "Priya Nair",
            "priya@northgate.example",
            aliases=("priya",),
            phones=(_android(187, "+12025550187"),),
        ),
    ]
