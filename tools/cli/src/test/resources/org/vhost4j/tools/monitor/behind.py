# SPDX-License-Identifier: Apache-2.0
# behind.py HOW DATA PATH PROGRAM ARGUMENTS: becomes PROGRAM, with the listening socket PATH as `{fd}` in ARGUMENTS.
# HOW: `directly`, the path of vhost4j-monitor, or `at:` and the path of a socket at which one serves.
import os
import socket
import sys

how, data, path, *command = sys.argv[1:]
outer = socket.socket(socket.AF_UNIX)
outer.bind(path)
outer.listen(1)
if how != "directly":
    if how.startswith("at:"):
        request = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request.connect(how[3:])
    else:
        request, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        helper = os.fork()
        if helper == 0:
            os.set_inheritable(theirs.fileno(), True)
            os.execv(how, [how, "--request", str(theirs.fileno())])
        theirs.close()
    with open(data, "rb") as platforms:
        socket.send_fds(request, [b"vhost4j-monitor 1 1\n"], [platforms.fileno(), outer.fileno()])
    answer, inner, _, _ = socket.recv_fds(request, 512, 1)
    if answer != b"ok\n":
        sys.exit(answer.decode().strip())
    if not how.startswith("at:"):
        os.waitpid(helper, 0)
    os.dup2(inner[0], outer.fileno())
os.set_inheritable(outer.fileno(), True)
os.execv(command[0], [word.replace("{fd}", str(outer.fileno())) for word in command])
