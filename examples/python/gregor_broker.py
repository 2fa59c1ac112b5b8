"""A real broker for the tests of a Python project, from the gregor binary.

    with GregorBroker() as broker:
        producer = KafkaProducer(bootstrap_servers=broker.bootstrap_servers)

It starts in a few milliseconds on a free port of loopback, keeps its data in
memory, and is gone at the end of the block. GREGOR names the binary where it is
not on the PATH.
"""

import os
import subprocess
import threading


class GregorBroker:
    def __init__(self, binary=None, directory=None, **properties):
        """directory keeps the data; properties are those of server.properties,
        with _ for the dots: num_partitions=3."""
        self.binary = binary or os.environ.get("GREGOR", "gregor")
        self.directory = directory
        self.properties = {key.replace("_", "."): value for key, value in properties.items()}
        self.bootstrap_servers = None
        self._process = None
        self._log = []

    def start(self, timeout=10):
        command = [self.binary, "start", "--quiet", "--override", "listeners=PLAINTEXT://127.0.0.1:0"]
        command += ["--dir", self.directory] if self.directory else ["--memory"]
        for key, value in self.properties.items():
            command += ["--override", f"{key}={value}"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        late = threading.Timer(timeout, self._process.kill)  # a start that hangs ends here
        late.start()
        threading.Thread(target=lambda: self._log.extend(self._process.stderr), daemon=True).start()
        try:
            for line in self._process.stdout:  # "  listening  127.0.0.1:41233"
                words = line.split()
                if words[:1] == ["listening"]:
                    self.bootstrap_servers = words[1].rstrip(",")
                    break
            else:
                raise RuntimeError(f"{self.binary} did not start: {''.join(self._log)}")
        finally:
            late.cancel()
        threading.Thread(target=self._process.stdout.read, daemon=True).start()
        return self

    def stop(self, timeout=30):
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
