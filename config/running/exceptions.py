"""What can go wrong before Voliere runs; every message is one line for a person.

StartError
└── AlreadyClaimed   another process runs the services of this data folder
"""


class StartError(Exception):
    pass


class AlreadyClaimed(StartError):
    pass
