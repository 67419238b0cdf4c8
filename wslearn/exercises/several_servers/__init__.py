"""Exercises of lesson 10: what changes for a server, and for a client, when there are several servers."""

from wslearn.exercises.several_servers.leases import leases
from wslearn.exercises.several_servers.next_server import next_server
from wslearn.exercises.several_servers.one_room import one_room
from wslearn.exercises.several_servers.questions import questions as questions
from wslearn.exercises.several_servers.two_servers import two_servers
from wslearn.exercises.several_servers.unique_name import unique_name
from wslearn.exercises.several_servers.waves import waves

__all__ = ["leases", "next_server", "one_room", "two_servers", "unique_name", "waves"]
