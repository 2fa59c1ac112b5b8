"""What the Python scripts share: a step is a function; its answer, its error
or the reason why the client cannot do it goes out as one line of JSON."""

import hashlib
import json
import sys
import time
import traceback

BOOTSTRAP, PREFIX = sys.argv[1], sys.argv[2]
TIMESTAMP = 1577836800000  # 2020-01-01, the first record's
LARGE = 104857600 - 1024  # with headers a request of 100 MiB


def topic(name):
    return PREFIX + name


def step(name):
    def run(function):
        try:
            line = {"step": name, "answer": function()}
        except Exception as error:
            line = {"step": name, "error": type(error).__name__}
            print(name, traceback.format_exc(), file=sys.stderr)
        print(json.dumps(line, sort_keys=True), flush=True)

    return run


def cannot(name, reason):
    print(json.dumps({"step": name, "cannot": reason}), flush=True)


def error_name(call):
    """The class of the error that call raises, as the step's answer."""
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return "no error"


def digest(data):
    return "%d bytes %s" % (len(data), hashlib.md5(data).hexdigest())


def large_value():
    return b"0123456789abcdef" * (LARGE // 16)


def until(what, condition, seconds=30):
    """Repeats condition until it returns something true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.01)
    raise TimeoutError(what)
