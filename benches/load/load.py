#!/usr/bin/env python3
"""The proxy under load, while its settings and its upstream change.

Builds nothing: give it the two programs.

    cargo build --release --bin headguard --example origin
    benches/load/load.py target/release/headguard target/release/examples/origin

Runs three trials and prints what it saw; the exit status is 1 where a promise
was broken:

- `reload`: wrk at saturation for --seconds, SIGHUP every second, the origin
  killed and started again twice. No request may be lost, and memory and
  descriptors stay where they were.
- `bodies`: 100 MiB down and 100 MiB up; memory grows by less than 8 MiB.
- `idle`: 10,000 connections, opened at once, each served a request and then
  left alone; what each costs in memory.

A fourth, `peers`, is run when it is asked for: CPU time a request beside nginx,
as a plain proxy, and HAProxy, which checks every field value for UTF-8 with a
regular expression. One core for the proxy, another for wrk and the origin; the
ratios are medians of rounds in which the three follow each other.

Needs wrk, about 25,000 descriptors for `idle`, and nginx and haproxy for `peers`.
"""

import argparse
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, patience=10):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    sys.exit(f"nobody listens on {port}")


def kib(pid, key):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(rf"{key}:\s+(\d+) kB", status.read())[1])


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Origin:
    def __init__(self, program):
        self.program, self.port = program, free_port()
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.program, f"127.0.0.1:{self.port}"])
        wait_for(self.port)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Proxy:
    def __init__(self, program, origin, *flags):
        self.port = free_port()
        self.file = tempfile.NamedTemporaryFile("w", suffix=".toml")
        self.configure(0)
        self.process = subprocess.Popen(
            [program, "proxy", "--config", self.file.name, "--log", "off"]
            + ["--listen", f"127.0.0.1:{self.port}", "--workers", "1"]
            + ["--upstream", f"http://127.0.0.1:{origin.port}", *flags]
        )
        wait_for(self.port)

    def configure(self, number):
        self.file.seek(0)
        self.file.truncate()
        kinds = ["latin1", "char-ref", "double-encoded"][: 1 + number % 3]
        self.file.write(
            '[policy]\npreset = "strict"\n[[policy.rule]]\n'
            f'name = "number {number}"\nfields = ["CompanyName"]\nnormalize = {kinds}\n'
        )
        self.file.flush()

    def reload(self, number):
        self.configure(number)
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        self.process.terminate()
        return self.process.wait(40)


def reload(args):
    origin = Origin(args.origin)
    proxy = Proxy(args.headguard, origin)
    pid = proxy.process.pid
    wrk = ["wrk", "-t1", "-c32", f"-d{args.seconds}", "-H", "CompanyName: Télébec LP"]
    load = subprocess.Popen([*wrk, f"http://127.0.0.1:{proxy.port}/"], stdout=subprocess.PIPE, text=True)
    samples, reloads = [], 0
    restarts = {args.seconds // 3, 2 * args.seconds // 3}
    for second in range(1, args.seconds - 1):
        time.sleep(1)
        proxy.reload(second)
        reloads += 1
        if second in restarts:
            origin.stop()
            origin.start()
        samples.append((kib(pid, "VmRSS"), descriptors(pid)))
    told = load.communicate()[0]
    errors = re.findall(r"Socket errors.*|Non-2xx.*", told)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)[1]
    count = re.search(r"(\d+) requests in", told)[1]
    early, late = samples[len(samples) // 4], samples[-1]
    status = proxy.stop()
    origin.stop()
    print(
        f"reload: {count} requests ({rate}/s), {reloads} reloads, 2 restarts, lost: {errors or 'none'}; "
        f"RSS {early[0]} -> {late[0]} KiB, descriptors {early[1]} -> {late[1]}, exit {status}"
    )
    flat = late[0] < early[0] + 4096 and late[1] <= early[1] + 8
    return not errors and flat and status == 0


def bodies(args):
    origin = Origin(args.origin)
    proxy = Proxy(args.headguard, origin)
    pid = proxy.process.pid
    before = kib(pid, "VmHWM")
    size = 100 << 20
    s = socket.create_connection(("127.0.0.1", proxy.port))
    s.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
    got = 0
    while got < size:
        got += len(s.recv(1 << 20)) or sys.exit("cut short")
    down = kib(pid, "VmHWM") - before
    s = socket.create_connection(("127.0.0.1", proxy.port))
    s.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
    block = b"x" * (1 << 20)
    for _ in range(size // len(block)):
        s.sendall(block)
    answer = s.recv(1000)
    up = kib(pid, "VmHWM") - before
    status = proxy.stop()
    origin.stop()
    print(f"bodies: peak RSS grew by {down} KiB for 100 MiB down, by {up} KiB for 100 MiB up as well")
    return answer.startswith(b"HTTP/1.1 200") and up < 8192 and status == 0


def idle(args):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10_000, hard - 1000)
    origin = Origin(args.origin)
    proxy = Proxy(args.headguard, origin, "--timeouts-idle", "300s")
    pid = proxy.process.pid
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    address = ("127.0.0.1", proxy.port)
    with socket.create_connection(address) as s:
        s.sendall(request)
        s.recv(1000)
    before = kib(pid, "RssAnon")
    start = time.monotonic()
    sockets = []
    for _ in range(count):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(address)
        sockets.append(s)
    # Not all at once: each would have a connection to the origin.
    for at in range(0, count, 200):
        some = sockets[at : at + 200]
        for s in some:
            s.setblocking(True)
            s.settimeout(30)
            s.sendall(request)
        for s in some:
            answer = s.recv(1000)
            assert answer.startswith(b"HTTP/1.1 200"), answer
    took = time.monotonic() - start
    each = (kib(pid, "RssAnon") - before) / count
    for s in sockets:
        s.close()
    status = proxy.stop()
    origin.stop()
    print(f"idle: {count} connections open and served in {took:.1f} s, {each:.2f} KiB each")
    return took < 10 and each <= 2 and status == 0


HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
    "Accept": "application/json, text/plain, */*",
    "Accept-Language": "fr-CA,fr;q=0.9,en;q=0.8",
    "Accept-Encoding": "gzip, deflate, br",
    "Referer": "https://app.example.com/orders?page=3&sort=name",
    "Cookie": "session=3f2a9c7e51d84b06; theme=dark; consent=1",
    "X-Request-Id": "7b1f0c4e-52a5-4f0c-9f4d-1f2f9a6f1c11",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Dest": "empty",
    "Origin": "https://app.example.com",
}
# More fields of the same kind, as API gateways pass them on.
HEAVY = {**HEADERS, **{f"X-Context-{n}": f"tenant-{n};" + "0123456789abcdef" * 12 for n in range(26)}}
UTF8 = (
    r"^(?:[\x09\x0a\x0d\x20-\x7e]++|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|"
    r"[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|"
    r"\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})*+$"
)


def cpu_seconds(pid):
    """What a process and its children have used, on all their threads."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as stat:
            total += int(stat.read().split()[0])
        with open(f"/proc/{pid}/task/{task}/children") as children:
            total += sum(cpu_seconds(child) * 1e9 for child in children.read().split())
    return total / 1e9


def peers(args):
    folder = tempfile.mkdtemp(prefix="headguard-peers-")
    origin_port = free_port()
    origin = subprocess.Popen(["taskset", "-c", "1", args.origin, f"127.0.0.1:{origin_port}"])
    wait_for(origin_port)
    ports = {name: free_port() for name in ("nginx", "haproxy", "headguard")}
    nginx, haproxy = f"{folder}/nginx.conf", f"{folder}/haproxy.cfg"
    with open(nginx, "w") as conf:
        conf.write(
            f"worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log /dev/null;\n"
            "events { worker_connections 1024; }\n"
            "http { access_log off; keepalive_requests 100000000; "
            "large_client_header_buffers 8 64k; client_header_buffer_size 16k;\n"
            f" upstream o {{ server 127.0.0.1:{origin_port}; keepalive 256; keepalive_requests 100000000; }}\n"
            f" server {{ listen 127.0.0.1:{ports['nginx']}; location / {{ proxy_pass http://o; "
            'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; } } }\n'
        )
    with open(haproxy, "w") as conf:
        conf.write(
            "global\n nbthread 1\n tune.bufsize 32768\n"
            "defaults\n mode http\n timeout client 60s\n timeout server 60s\n timeout connect 2s\n"
            f"frontend f\n bind 127.0.0.1:{ports['haproxy']}\n"
            f" http-request deny deny_status 400 if !{{ req.hdrs -m reg {UTF8} }}\n"
            " default_backend b\n"
            f"backend b\n http-reuse always\n server o 127.0.0.1:{origin_port}\n"
        )
    commands = {
        "nginx": ["nginx", "-p", folder, "-c", nginx],
        "haproxy": ["haproxy", "-q", "-f", haproxy],
        "headguard": [args.headguard, "proxy", "--workers", "1", "--log", "off", "--preset", "strict"]
        + ["--listen", f"127.0.0.1:{ports['headguard']}", "--upstream", f"http://127.0.0.1:{origin_port}"],
    }
    running = {
        name: subprocess.Popen(["taskset", "-c", "0", *command], stderr=subprocess.DEVNULL)
        for name, command in commands.items()
    }
    for name, port in ports.items():
        wait_for(port)
        # Each does what it is compared for.
        for value, refused in ((b"T\xc3\xa9l", False), (b"T\xe9l", name != "nginx")):
            with socket.create_connection(("127.0.0.1", port)) as s:
                s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nCompanyName: %s\r\n\r\n" % value)
                answer = s.recv(100)
            assert (answer[9:12] == b"400") == refused, f"{name}: {value}: {answer}"
    good = True
    for title, headers in (("small", HEADERS), ("heavy", HEAVY)):
        used = {name: [] for name in running}
        for _ in range(7):
            for name, process in running.items():
                before = cpu_seconds(process.pid)
                wrk = ["taskset", "-c", "1", "wrk", "-t1", "-c32", "-d2", "-H", "CompanyName: Télébec LP"]
                for pair in headers.items():
                    wrk += ["-H", ": ".join(pair)]
                told = subprocess.run([*wrk, f"http://127.0.0.1:{ports[name]}/"], capture_output=True, text=True).stdout
                good &= not re.search(r"Socket errors|Non-2xx", told)
                count = int(re.search(r"(\d+) requests in", told)[1])
                used[name].append((cpu_seconds(process.pid) - before) / count * 1e6)
        for base in ("nginx", "haproxy"):
            ratios = sorted(ours / theirs for ours, theirs in zip(used["headguard"], used[base]))
            print(f"peers: {title}: headguard {ratios[3]:.2f} x {base}, {ratios[0]:.2f} to {ratios[-1]:.2f}")
        middle = ", ".join(f"{name} {sorted(us)[3]:.1f} us" for name, us in used.items())
        print(f"peers: {title}: CPU a request: {middle}")
    for process in [*running.values(), origin]:
        process.terminate()
        process.wait()
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("headguard")
    parser.add_argument("origin")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--trials", default="reload,bodies,idle")
    args = parser.parse_args()
    trials = {"reload": reload, "bodies": bodies, "idle": idle, "peers": peers}
    wanted = args.trials.split(",")
    # Told before anything is started that would have to be stopped.
    needed = ["wrk", *(["nginx", "haproxy", "taskset"] if "peers" in wanted else [])]
    missing = [program for program in needed if shutil.which(program) is None]
    if missing:
        sys.exit(f"install {', '.join(missing)} first")
    kept = [trials[name](args) for name in wanted]
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
