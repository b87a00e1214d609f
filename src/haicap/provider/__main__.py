"""`pulumi-resource-haicap`: serve the provider on a free port of the loopback, print it, and die with the engine."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from haicap.provider.servicer import Provider

_PR_SET_PDEATHSIG = 1
_MESSAGE_BYTES = 400 * 1024 * 1024
_THREADS = 512


def main() -> None:
    """Serve until the engine ends. Without this bond, an engine that was killed would leave a ghost at work."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the engine has gone")
    options = [("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.max_send_message_length", _MESSAGE_BYTES)]
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the engine's to handle: it sends Cancel
    server.wait_for_termination()


if __name__ == "__main__":
    main()
