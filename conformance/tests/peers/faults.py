"""What can be broken, by its name, and the command line that chooses among it."""

import asyncio

import wire


class Faults(dict):
    """Names, what each breaks, and what is to be done for it."""

    def __call__(self, name, what):
        """Registers what follows under a name."""

        def register(broken):
            self[name] = (what, broken)
            return broken

        return register


def run(main, parser, own, kinds, kind):
    """Runs a peer: one of `kinds`, or with a fault of its `own`, or with spoiled bytes, or a right one."""
    import spoiled

    wire.end_with_parent()
    parser.add_argument("--user", default="u")
    parser.add_argument("--device", default="d")
    parser.add_argument("--credential", default="secret")
    names = [*own, *kinds, *spoiled.fault]
    parser.add_argument("--fault", default="none", choices=names, metavar="NAME")
    chosen = parser.parse_args()
    _, spoil = spoiled.fault.get(chosen.fault, ("", lambda: None))
    spoil()
    _, broken = kinds.get(chosen.fault, ("", kind))
    asyncio.run(main(chosen, broken))
